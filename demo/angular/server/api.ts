import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Provider } from 'oidc-provider';
import { marbles } from './marbles.js';

/** A request may ask to be answered late, by as much as this. */
const MAX_DELAY_MS = 5_000;

/**
 * A small API that knows only what the provider says of a token:
 *
 * - `GET /api/marbles`, `GET /api/marbles/7`; with `?delay=800`, as slowly as that
 * - `POST /api/token/end` ends the very token that asks, before its time: the next request meets an honest 401
 */
export async function api(
  provider: Provider,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, token = ''] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const accessToken = token && (await provider.AccessToken.find(token));
  if (!accessToken) {
    // RFC 6750 §3.1: who shows none is not told that it is wrong
    const challenge = token ? 'Bearer error="invalid_token"' : 'Bearer';
    return answer(response, 401, { error: 'invalid_token' }, { 'www-authenticate': challenge });
  }
  await wait(Math.min(Number(url.searchParams.get('delay')) || 0, MAX_DELAY_MS));

  switch (`${request.method} ${url.pathname}`) {
    case 'GET /api/marbles':
      return answer(response, 200, marbles);
    case 'POST /api/token/end':
      await accessToken.destroy();
      return answer(response, 200, { ended: true });
    default: {
      const [, id] = /^\/api\/marbles\/(\d+)$/.exec(url.pathname) ?? [];
      const marble = request.method === 'GET' ? marbles[Number(id) - 1] : undefined;
      return marble ? answer(response, 200, marble) : answer(response, 404, { error: 'not_found' });
    }
  }
}

function answer(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}
