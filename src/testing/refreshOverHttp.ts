import type { ClientContext } from './authorizationServer.js';

/**
 * The plainest refresh there is: a form sent with the engine's `fetch`, following no redirect. Returns a
 * manager's `refresh`, which resolves with the `Response` as it came, whatever its status, and rejects as
 * `fetch` does when there is none. It sends each time it is called and never repeats a request.
 *
 * @param url of the token endpoint, such as the `url` that `listen()` gives
 */
export function refreshOverHttp(
  url: string,
): (previous: { readonly refresh_token?: string }, context?: ClientContext) => Promise<Response> {
  return ({ refresh_token = '' }, { signal } = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token }),
      redirect: 'manual',
      signal: signal ?? null,
    });
}
