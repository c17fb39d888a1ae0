/**
 * The Angular entry with another Angular than the one that is installed here: `tsx scripts/angular.ts 22`, in a
 * folder of its own that is removed afterwards. Its types are checked; and its specs run, on the Node that is named
 * as the second argument, unless that is left out. Exits with 1 where something fails.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import jestConfig from '../jest.config.js';

const [angular, node] = process.argv.slice(2);
if (!angular) throw new TypeError('usage: tsx scripts/angular.ts <major of Angular> [<major of Node>]');

const root = resolve('.');
const folder = mkdtempSync(join(tmpdir(), `rx-token-angular${angular}-`));
try {
  install();
  const isTyped = run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder]);
  console.log(`types of the entry against Angular ${angular}: ${isTyped ? 'right' : 'wrong'}`);
  const isRight = node === undefined || specs(node);
  process.exitCode = isTyped && isRight ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** Angular from the registry, and the sources beside it, so that they find no other. */
function install(): void {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, object>;
  const ours = devDependencies as Record<string, string>;
  const names = Object.keys(ours).filter((name) => name.startsWith('@angular/'));
  const others = ['rxjs', 'zone.js', '@types/node'].map((name) => `${name}@${ours[name] ?? ''}`);
  put('package.json', { private: true, type: 'module' });
  const packages = [...names.map((name) => `${name}@${angular ?? ''}`), ...others];
  if (!run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], folder))
    throw new Error(`Angular ${angular ?? ''} could not be installed`);
  for (const name of names) console.log(`${name} ${versionOf(name)}`);
  cpSync('src', join(folder, 'src'), { recursive: true });
  put('tsconfig.json', {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { rootDir: folder, paths: {}, typeRoots: [join(folder, 'node_modules/@types')] },
    include: ['src/angular'],
  });
}

/** The same specs, which find this Angular, and everything else here. */
function specs(node: string): boolean {
  writeFileSync(
    join(folder, 'resolver.cjs'),
    `module.exports = (path, options) => {
      const basedir = /^(@angular|zone\\.js)/.test(path) ? ${JSON.stringify(folder)}
        : /^(rxjs|tslib)/.test(path) ? ${JSON.stringify(root)} : options.basedir;
      return options.defaultResolver(path, { ...options, basedir });
    };`,
  );
  put('jest.json', {
    ...jestConfig,
    rootDir: root,
    testMatch: ['<rootDir>/spec/angular/**/*-spec.ts'],
    resolver: join(folder, 'resolver.cjs'),
    cacheDirectory: join(folder, 'cache'),
  });
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const jest = ['node_modules/jest/bin/jest.js', '--config', join(folder, 'jest.json')];
  process.env['ANGULAR'] = angular; // what a spec compares
  run('npx', ['-y', '-p', `node@${node}`, 'node', '--version']);
  return run('npx', ['-y', '-p', `node@${node}`, 'node', ...flags, ...jest]);
}

function put(name: string, content: object): void {
  writeFileSync(join(folder, name), JSON.stringify(content));
}

function versionOf(name: string): string {
  const manifest = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

function run(command: string, args: readonly string[], cwd = root): boolean {
  return spawnSync(command, args, { cwd, stdio: 'inherit' }).status === 0;
}
