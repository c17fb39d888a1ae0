import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** A token in web storage is anybody's who gets a script into the page: so no script but its own. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Answers with a file of the folder; `/` with its page. */
export async function staticFile(folder: string, path: string, response: ServerResponse): Promise<void> {
  const file = path === '/' ? 'index.html' : normalize(decodeURIComponent(path));
  const type = types[extname(file)];
  const content = type && !file.includes('..') && (await readFile(join(folder, file)).catch(() => undefined));
  if (!content) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here');
    return;
  }
  response.writeHead(200, {
    'content-type': type,
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    // the files of a build have their hash in the name
    'cache-control': file === 'index.html' ? 'no-store' : 'max-age=31536000, immutable',
  });
  response.end(content);
}
