import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const UNPACK = `import('@sparticuz/chromium').then(async ({ default: it }) => console.log(await it.executablePath()))`;

/**
 * The path of a Chromium from the registry, unpacked once for this machine: by a child process, since the package
 * unpacks into its own idea of a temporary folder, and under another name first, since two may unpack at once.
 */
async function executable(): Promise<string> {
  const home = join(tmpdir(), 'rx-token-chromium-147.0.0');
  if (!existsSync(join(home, 'chromium'))) {
    const folder = mkdtempSync(`${home}-`);
    const env = { ...process.env, TMPDIR: folder, NODE_OPTIONS: '' };
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', UNPACK], { env });
    try {
      renameSync(folder, home);
    } catch {
      rmSync(folder, { recursive: true, force: true }); // somebody was faster
    }
  }
  return join(home, 'chromium');
}

/**
 * A real Chromium without a window. Each of its contexts (`newContext()`) is like a profile of its own: the pages
 * of one share storage, locks and channels, and each page has a process of its own. Any host below `.test` is this
 * machine: over http a context that is not secure, as opposed to `localhost`.
 */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: await executable(),
    // those of the package would put all pages into one process
    args: ['--no-sandbox', '--headless=shell', '--host-resolver-rules=MAP *.test 127.0.0.1'],
  });
}
