import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import type { FakeAuthorizationServer } from 'rx-token/testing';

/**
 * A site: an empty page with one script, the same at `/sandboxed` in an origin that is nobody's, one without it at
 * `/elsewhere`, and a token endpoint at `/token`.
 */
export interface Site {
  /** At a host of loopback that is a secure context, or at one below `.test`, that is none. */
  url(host?: 'localhost' | 'rx-token.test'): string;
  close(): Promise<void>;
}

/** Bundles a TypeScript file, from the root of the repository, for a page. */
export async function bundled(source: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [resolve(source)],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    platform: 'browser',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

export async function serveSite(script: string, authorization: FakeAuthorizationServer): Promise<Site> {
  const server = createServer((request, response) => {
    response.setHeader('cache-control', 'no-cache'); // no-store would keep a page from being kept for the way back
    if (request.url === '/script.js')
      return response.setHeader('content-type', 'text/javascript').end(script);
    if (request.url === '/sandboxed') response.setHeader('content-security-policy', 'sandbox allow-scripts');
    if (request.url !== '/token') {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      const tag = request.url !== '/elsewhere' ? '<script src="/script.js"></script>' : '';
      return response.end(`<!doctype html><link rel="icon" href="data:,"><title>A tab</title>${tag}`);
    }
    return void text(request).then((body) => {
      const form = Object.fromEntries(new URLSearchParams(body));
      const answering = authorization.answer(form).subscribe({
        next: (answer) => {
          response.writeHead(answer.status, { ...answer.headers, 'content-type': 'application/json' });
          response.end(JSON.stringify(answer.body));
        },
        error: () => request.socket.resetAndDestroy(),
      });
      response.once('close', () => answering.unsubscribe());
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: (host = 'localhost') => `http://${host}:${port}/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
