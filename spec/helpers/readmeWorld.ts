/**
 * What the examples of the README take for granted, and do not say: a provider, an API, a manager. Each example
 * runs in a process of its own, so that its first new access token is `access-2`.
 *
 * By default the access token has ended. An example can be marked with something else that is given:
 * `refused`, the refresh token is revoked; `rejected`, the access token is, though nobody knows.
 * `XMLHttpRequest` and `WebSocket` give a browser's, and an API that it reaches; `page` a page of https://app.example.
 */
import { firstValueFrom } from 'rxjs';
import { createTokenManager, memoryStore } from 'rx-token';
import { fakeAuthorizationServer } from 'rx-token/testing';
import { givePage } from './worlds/page.js';
import { giveWebSocket } from './worlds/webSocket.js';
import { giveXMLHttpRequest } from './worlds/xmlHttpRequest.js';

export { sessionStorage } from './worlds/page.js';

const given = process.argv.slice(2);

const server = fakeAuthorizationServer({ tokenName: (kind, count) => `${kind}-${count}` });
const { access_token, refresh_token } = server.signIn();
if (given.includes('refused')) server.revoke('refresh-1');
if (given.includes('rejected')) server.revoke('access-1');

/** Whether the API lets a request with this `Authorization` header pass. */
export function isLetIn(authorization: string | null | undefined): boolean {
  const [, token = ''] = authorization?.split('Bearer ') ?? [];
  return server.isAccessTokenValid(token);
}

const deviceAuthorization = {
  device_code: 'device-1',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://provider.example/go',
  expires_in: 60,
  interval: 1, // the user is quick
};

async function provider(form: URLSearchParams): Promise<Response> {
  if (form.has('device_code')) return Response.json(tokenResponse);
  const { status, headers, body } = await firstValueFrom(server.answer(Object.fromEntries(form)));
  return Response.json(body, { status, headers });
}

const { fetch: network } = globalThis;
export const fetch: typeof globalThis.fetch = async (input, init = {}) => {
  if (input === 'https://provider.example/token') return provider(init.body as URLSearchParams);
  if (input === 'https://provider.example/device') return Response.json(deviceAuthorization);
  if (input === 'https://provider.example/revoke') return new Response();
  if (input !== 'https://api.example/me') return network(input, init);
  return new Response(null, { status: isLetIn(new Headers(init.headers).get('authorization')) ? 200 : 401 });
};

globalThis.fetch = fetch;

export const refreshWithProvider = (refresh_token = ''): Promise<Response> =>
  provider(new URLSearchParams({ grant_type: 'refresh_token', refresh_token }));

export const tokenResponse = { access_token: 'access-2', refresh_token: 'refresh-2', expires_in: 3600 };

export const tokens = createTokenManager({
  store: memoryStore({
    access_token,
    ...(refresh_token !== undefined && { refresh_token }),
    ...(given.includes('rejected') ? {} : { expires_at: 1 }),
  }),
  refresh: server.refresh,
});

export const socket = {
  login(token: string): void {
    console.error(`socket.login ${token}`); // not among what an example prints itself
  },
};

if (given.includes('XMLHttpRequest')) await giveXMLHttpRequest(isLetIn);
if (given.includes('WebSocket')) await giveWebSocket(isLetIn, () => void tokens.invalidate());
if (given.includes('page')) givePage(fetch, () => server.signIn());
