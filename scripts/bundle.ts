import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';

/**
 * What the root entry may weigh, minified, without rxjs. Wanted were 8 kB; what a hostile review has asked for, and
 * `withToken`, have cost the rest. Less is welcome.
 */
export const MAX_BROTLI_BYTES = 9 * 1024;

/** The same of what an Angular application takes of `rx-token/angular`, the core included. Wanted are 8 kB. */
export const MAX_ANGULAR_BROTLI_BYTES = 11 * 1024;

export interface Bundle {
  readonly code: string;
  readonly minifiedBytes: number;
  /** What is still imported after tree shaking, by name. */
  readonly imports: readonly string[];
}

const options = {
  bundle: true,
  minify: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  outfile: 'bundle.js',
  write: false,
} as const;
const resolveDir = fileURLToPath(new URL('..', import.meta.url));

/** Bundles one statement, such as `export * from './src/index.js'`, for a browser: minified, without rxjs and Angular. */
export async function bundle(statement: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...options,
    stdin: { contents: statement, resolveDir, loader: 'ts' },
    external: ['rxjs', 'node:*', '@angular/*'],
    metafile: true,
  });
  const code = outputFiles[0]?.text ?? '';
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  return { code, minifiedBytes: Buffer.byteLength(code), imports: [...new Set(imports)] };
}

/**
 * What a statement adds to an application that has what it uses of rxjs, and Angular, already, in bytes of brotli, minified by
 * terser as webpack does: the difference of two bundles. (With rxjs left out, every file would repeat its import
 * of it, which no application has.)
 */
export async function weight(statement: string): Promise<number> {
  const { code } = await bundle(statement);
  const lists = [...code.matchAll(/import\{([^}]*)\}from"rxjs"/g)].map(([, list]) => list ?? '');
  const names = lists.flatMap((list) => list.split(',').map((name) => name.split(' as ')[0]));
  const rxjs = `export { ${[...new Set(names)].join(', ')} } from 'rxjs'`;
  return (await brotliBytes(statement)) - (await brotliBytes(rxjs));
}

async function brotliBytes(contents: string): Promise<number> {
  const { outputFiles } = await build({
    ...options,
    minify: false,
    stdin: { contents, resolveDir, loader: 'ts' },
    external: ['@angular/*'],
  });
  const { code } = await minify(outputFiles[0]?.text ?? '', { module: true, compress: { passes: 2 } });
  const alone = code?.replaceAll(/import\{[^}]*\}from"@angular\/[^"]*";/g, '');
  return brotliCompressSync(alone ?? '').byteLength;
}
