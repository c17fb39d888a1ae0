import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * The worker as one plain JavaScript file in `folder`: a process starts with that in a tenth of a second, where
 * it would take one second for reading TypeScript.
 */
export async function workerScript(folder: string): Promise<string> {
  const outfile = join(folder, 'worker.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./worker.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['es2015'], // rxjs as modules, of which what is not used is dropped
    define: { 'import.meta.url': JSON.stringify(import.meta.url) }, // native add-ons are found from here
  });
  return outfile;
}
