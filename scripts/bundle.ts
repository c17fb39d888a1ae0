import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

/** What the root entry may weigh, minified, without rxjs. */
export const MAX_BROTLI_BYTES = 8 * 1024;

export interface Bundle {
  readonly code: string;
  readonly minifiedBytes: number;
  readonly brotliBytes: number;
  /** What is still imported after tree shaking, by name. */
  readonly imports: readonly string[];
}

/** Bundles one statement, such as `export * from './src/index.js'`, for a browser: minified, without rxjs. */
export async function bundle(statement: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: statement,
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    external: ['rxjs', 'node:*'],
    outfile: 'bundle.js',
    write: false,
    metafile: true,
  });
  const code = outputFiles[0]?.text ?? '';
  return {
    code,
    minifiedBytes: Buffer.byteLength(code),
    brotliBytes: brotliCompressSync(code).byteLength,
    imports: Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path)),
  };
}
