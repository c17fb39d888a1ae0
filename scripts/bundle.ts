import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';

/**
 * What the core may weigh, minified, without rxjs: all of the root entry but {@link EXTRAS}. Wanted were 8 kB; what
 * hostile reviews have asked for, and `withToken`, have cost the rest. Less is welcome.
 */
export const MAX_BROTLI_BYTES = 9.9 * 1024;

/** What of the root entry nobody pays for who does not import it, and what each may add to the core. */
export const EXTRAS: Readonly<Record<string, number>> = {
  encrypted: 1.75 * 1024,
  tokenManagers: 1.3 * 1024,
};

/** The same of what an Angular application takes of `rx-token/angular`, the core included. Wanted are 8 kB. */
export const MAX_ANGULAR_BROTLI_BYTES = 12.2 * 1024;

export interface Bundle {
  readonly code: string;
  readonly minifiedBytes: number;
  /** What is still imported after tree shaking, by name. */
  readonly imports: readonly string[];
  /** What can be imported from it. */
  readonly exports: readonly string[];
  /** The files of which something is left, relative to the root of the repository. */
  readonly files: readonly string[];
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
  const [output] = Object.values(metafile.outputs);
  const left = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return {
    code,
    minifiedBytes: Buffer.byteLength(code),
    imports: [...new Set(output?.imports.map(({ path }) => path))],
    exports: output?.exports ?? [],
    files: left.map(([file]) => relative(resolveDir, resolve(file))),
  };
}

/** Imports the core from a root entry, and of its {@link EXTRAS} those that are named. */
export async function coreOf(entry: string, ...extras: readonly string[]): Promise<string> {
  const { exports } = await bundle(`export * from '${entry}'`);
  const names = exports.filter((name) => !(name in EXTRAS) || extras.includes(name));
  return `export { ${names.join(', ')} } from '${entry}'`;
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
