import type { Credentials, RefreshContext } from 'rx-token';

/** A public client: the demo has no secret to keep. */
export const CLIENT_ID = 'rx-token-demo';

/** The `refresh` of every manager here: spends a refresh token (RFC 6749 §6). */
export function refreshAt(tokenEndpoint: string) {
  return ({ refresh_token }: Credentials, { signal }: Pick<RefreshContext, 'signal'>): Promise<Response> =>
    fetch(tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refresh_token ?? '',
        client_id: CLIENT_ID,
      }),
      redirect: 'error',
      signal,
    });
}
