import type { IncomingMessage, ServerResponse } from 'node:http';
import { map, type Observable, of } from 'rxjs';
import { protectedResource, type ProtectedResourceParts } from './protectedResource.js';
import { oauthError, type Reply, reply, type TokenRequest } from './wire.js';

/** A server that listens, and keeps the process alive until `close()` or `unref()`. */
export interface LoopbackServer {
  /** Of the token endpoint. */
  readonly url: string;
  readonly origin: string;
  /** Of something that needs an access token. */
  readonly resourceUrl: string;
  /** Drops every connection, also those kept alive, and what the server has not committed yet. */
  close(): Promise<void>;
  /** Lets the process end although the server listens and has connections, if these come later than this call. */
  unref(): void;
}

export interface LoopbackParts extends ProtectedResourceParts {
  answer(form: TokenRequest['form'], headers: TokenRequest['headers']): Observable<Reply>;
  stop(): void;
}

const MAX_BODY = 65_536;
const FORM = /^application\/x-www-form-urlencoded *(;|$)/i;

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The parameters of a form, without the empty ones (RFC 6749 §3.2); `null` if one is repeated. */
function formOf(body: string): Record<string, string> | null {
  const parameters = [...new URLSearchParams(body)];
  const isRepeated = new Set(parameters.map(([name]) => name)).size < parameters.length;
  return isRepeated ? null : Object.fromEntries(parameters.filter(([, value]) => value !== ''));
}

function tokenRequest(
  parts: LoopbackParts,
  request: IncomingMessage,
  body: string | null,
): Observable<Reply> {
  const headers = headersOf(request);
  if (request.method !== 'POST') {
    return of(oauthError('invalid_request', 'Only POST', 405)).pipe(
      map((refusal) => ({ ...refusal, headers: { ...refusal.headers, allow: 'POST' } })),
    );
  }
  if (body === null) return of(oauthError('invalid_request', 'The body is too large', 413));
  const form = FORM.test(headers['content-type'] ?? '') ? formOf(body) : null;
  return form ? parts.answer(form, headers) : of(oauthError('invalid_request', 'The body is no proper form'));
}

function route(parts: LoopbackParts, request: IncomingMessage, body: string | null): Observable<Reply> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname === '/token') return tokenRequest(parts, request, body);
  if (pathname !== '/resource') return of(reply(404, ''));
  return of(protectedResource(parts, request.headers.authorization, searchParams.get('scope')));
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  response.writeHead(status, { ...(!isRaw && { 'content-type': 'application/json' }), ...headers });
  response.end(isRaw ? body : JSON.stringify(body));
}

/** The HTTP face of the fake server. Node's `http` is asked for only here, so that the rest runs in browsers. */
export async function listenOnLoopback(parts: LoopbackParts, port = 0): Promise<LoopbackServer> {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> };
  const http = process?.getBuiltinModule?.('node:http');
  if (!http)
    throw new TypeError('listen() needs Node 20.16 or later; in a browser use refresh() and acquire()');

  const server = http.createServer((request, response) => {
    const serve = (body: string | null) => {
      const exchange = route(parts, request, body).subscribe({
        next: (answer) => send(response, answer),
        error: () => request.socket.resetAndDestroy(),
      });
      response.once('close', () => exchange.unsubscribe());
    };
    bodyOf(request).then(serve, () => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`;
  return {
    url: `${origin}/token`,
    origin,
    resourceUrl: `${origin}/resource`,
    close: () =>
      new Promise((resolve, reject) => {
        parts.stop();
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
    unref() {
      server.unref();
      server.on('connection', (socket) => socket.unref());
    },
  };
}
