import { randomBytes } from 'node:crypto';

const randomText = (length: number): string => randomBytes(length).toString('base64url').slice(0, length);

/** A token response of the usual size. */
export function tokenResponse() {
  return {
    access_token: randomText(1000),
    refresh_token: randomText(200),
    token_type: 'Bearer',
    expires_in: 3600,
    scope: 'openid profile email offline_access',
  };
}
