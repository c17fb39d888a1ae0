import { createServer } from 'node:http';
import { inBackground } from './inBackground.js';

/** A browser's `XMLHttpRequest`, and https://api.example for it, which is a server on loopback. */
export async function giveXMLHttpRequest(
  isLetIn: (authorization: string | undefined) => boolean,
): Promise<void> {
  const { default: XMLHttpRequest } = await import('xhr2');
  const api = createServer((request, response) => {
    const passes = isLetIn(request.headers.authorization);
    response.writeHead(passes ? 200 : 401, {
      'content-type': 'application/json',
      ...(!passes && { 'www-authenticate': 'Bearer error="invalid_token"' }),
    });
    response.end(JSON.stringify(passes ? { name: 'Ada' } : {}));
  });
  const host = await inBackground(api);
  Object.assign(globalThis, {
    XMLHttpRequest: class extends XMLHttpRequest {
      override open(method: string, url: string, ...rest: unknown[]): void {
        super.open(method, url.replace('https://api.example', `http://${host}`), ...rest);
      }
    },
  });
}
