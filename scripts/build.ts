/** Compiles src twice: ES modules into dist/esm, CommonJS into dist/cjs. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function tsc(...args: string[]): void {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', ...args], {
    stdio: 'inherit',
  });
}

rmSync('dist', { recursive: true, force: true });

tsc();

// The ESM pass has checked the types; `noCheck` is for `import.meta`, which CommonJS has not.
const cjs = 'dist/cjs';
const asCommonJs = '--module commonjs --moduleResolution bundler --verbatimModuleSyntax false --noCheck';
tsc('--outDir', cjs, ...asCommonJs.split(' '));
writeFileSync(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');

// `createRequire` takes a file name as well as a URL.
for (const file of readdirSync(cjs, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.js')) continue;
  const code = readFileSync(join(cjs, file), 'utf8');
  if (code.includes('import.meta.url')) {
    writeFileSync(join(cjs, file), code.replaceAll('import.meta.url', '__filename'));
  }
}
