import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { build, type Format } from 'esbuild';
import { ConfigurationError } from '../../src/errors.js';
import { kernelLock } from '../../src/node/kernelLock.js';
import { tempFolder } from '../helpers/tempFolder.js';

/** Makes a fileStore in an app that is a bundle of this format, in a folder of its own; what came of it. */
async function inABundle(
  format: Format,
  install: (folder: string) => void,
  argv = (app: string) => [app],
): Promise<string> {
  const folder = tempFolder();
  install(join(folder, 'node_modules'));
  const outfile = join(folder, format === 'esm' ? 'app.mjs' : 'app.cjs');
  await build({
    stdin: {
      contents: `import { fileStore } from './src/node/index.js';
        try { fileStore('x.json'); console.log('made'); }
        catch (error) { console.log(error.code + ': ' + error.message); }`,
      resolveDir: resolve('.'),
      loader: 'ts',
    },
    outfile,
    format,
    bundle: true,
    platform: 'node',
    logLevel: 'silent', // of import.meta, which CommonJS has not
  });
  const { stdout } = await promisify(execFile)(process.execPath, argv(outfile), { cwd: '/' });
  return stdout.trim();
}

describe('the add-on for kernel locks', () => {
  it.each<Format>(['esm', 'cjs'])('is found from a bundle as %s', async (format) => {
    expect(await inABundle(format, (modules) => symlinkSync(resolve('node_modules'), modules))).toBe('made');
  });

  it('is found from `node -e`, where `__filename` is a word that anybody sees', async () => {
    const install = (modules: string) => symlinkSync(resolve('node_modules'), modules);
    expect(await inABundle('esm', install, (app) => ['-e', `import('${app}')`])).toBe('made');
  });

  it.each<Format>(['esm', 'cjs'])(
    'that is not installed fails creation with what to do, in %s',
    async (format) => {
      const said = await inABundle(format, (modules) => mkdirSync(modules));
      expect(said).toMatch(/^configuration: .*npm install fs-native-extensions/);
    },
  );

  it('that does not load fails creation with what to do', async () => {
    const said = await inABundle('esm', (modules) => {
      mkdirSync(join(modules, 'fs-native-extensions'), { recursive: true });
      writeFileSync(join(modules, 'fs-native-extensions/index.js'), 'throw new Error("no binary")');
    });
    expect(said).toMatch(
      new RegExp(`^configuration: .*does not load on ${process.platform} ${process.arch}.*another store`),
    );
  });

  it('fails closed where there is nothing to lock', () => {
    expect(() => kernelLock().tryLock(9999, '/there')).toThrow(ConfigurationError);
    expect(() => kernelLock().tryLock(9999, '/there')).toThrow(
      /file system of \/there has no locks \(EBADF\)/,
    );
  });
});
