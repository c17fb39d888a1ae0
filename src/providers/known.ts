import type { ProviderProfile } from '../profile.js';
import * as seeded from './seeded.js';

/*
 * What is known of providers, gathered in November 2026 from their documentation, their SDKs and reports of users.
 * What a field does not say is not known. Rotation and its grace are a switch at most of them: spread and override.
 */

const hours = (count: number): number => count * 3_600_000;

/** Keeps refresh tokens as they are, and omits them from answers to a refresh. */
export const google: ProviderProfile = {
  ...seeded.google,
  issuer: 'https://accounts.google.com',
  tokenEndpoint: 'https://oauth2.googleapis.com/token',
  deviceAuthorizationEndpoint: 'https://oauth2.googleapis.com/device/code',
  revocationEndpoint: 'https://oauth2.googleapis.com/revoke',
};

/** Pass `issuer`, of your organisation or authorization server. Past the grace a reuse revokes everything. */
export const okta: ProviderProfile = seeded.okta;

/** Pass `issuer`, of your tenant. With a rotation overlap period: `{ ...auth0, reuse: { graceMs } }`. */
export const auth0: ProviderProfile = seeded.auth0;

/** Of all tenants; for one of them pass the `tokenEndpoint` with its id. Old refresh tokens stay valid. */
export const microsoft: ProviderProfile = {
  ...seeded.microsoft,
  tokenEndpoint: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
  deviceAuthorizationEndpoint: 'https://login.microsoftonline.com/common/oauth2/v2.0/devicecode',
};

/** Sends no `expires_in`, and refuses a refresh that names a scope. */
export const salesforce: ProviderProfile = {
  ...seeded.salesforce,
  tokenEndpoint: 'https://login.salesforce.com/services/oauth2/token',
  revocationEndpoint: 'https://login.salesforce.com/services/oauth2/revoke',
  omitsScope: true,
};

/** Answers HTTP 200 with an error, and a form unless asked for JSON. Old tokens, access tokens too, end at once. */
export const github: ProviderProfile = {
  ...seeded.github,
  tokenEndpoint: 'https://github.com/login/oauth/access_token',
  deviceAuthorizationEndpoint: 'https://github.com/login/device/code',
  clientAuthentication: 'client_secret_post',
  headers: { accept: 'application/json' },
};

export const generic: ProviderProfile = seeded.generic;

/** For ten minutes the refresh token before, and its access token, still work; failures come as 403 too. */
export const atlassian: ProviderProfile = {
  name: 'atlassian',
  reuse: { graceMs: 10 * 60_000 },
  defaultLifetimeMs: hours(1),
  tokenEndpoint: 'https://auth.atlassian.com/oauth/token',
  clientAuthentication: 'client_secret_post',
  // of a spent refresh token it says so (https://github.com/raycast/extensions/issues/11836)
  normalize(body) {
    const { error, error_description: why } = Object(body) as {
      readonly error?: unknown;
      readonly error_description?: unknown;
    };
    const isSpent = error === 'unauthorized_client' && why === 'refresh_token is invalid';
    return isSpent ? { ...(body as object), error: 'invalid_grant' } : body;
  },
};

export const discord: ProviderProfile = {
  name: 'discord',
  reuse: 'unknown',
  defaultLifetimeMs: hours(7 * 24),
  tokenEndpoint: 'https://discord.com/api/oauth2/token',
};

/** Never rotates: answers to a refresh hold no refresh token. */
export const dropbox: ProviderProfile = {
  name: 'dropbox',
  reuse: 'harmless',
  defaultLifetimeMs: hours(4),
  tokenEndpoint: 'https://api.dropboxapi.com/oauth2/token',
};

/** Rotates without reuse detection; the old refresh and access tokens end at once. */
export const gitlab: ProviderProfile = {
  name: 'gitlab',
  reuse: 'unknown',
  defaultLifetimeMs: hours(2),
  tokenEndpoint: 'https://gitlab.com/oauth/token',
  revocationEndpoint: 'https://gitlab.com/oauth/revoke',
};

/** Keeps refresh tokens as they are; says why not in `status`. */
export const hubspot: ProviderProfile = {
  name: 'hubspot',
  reuse: 'harmless',
  defaultLifetimeMs: hours(0.5),
  terminalErrors: ['BAD_REFRESH_TOKEN'],
  tokenEndpoint: 'https://api.hubapi.com/oauth/v1/token',
  clientAuthentication: 'client_secret_post',
  normalize(body) {
    const { status } = Object(body) as { readonly status?: unknown };
    return typeof status === 'string' ? { error: status, ...(body as object) } : body;
  },
};

/** Rotates; separates scopes by commas. */
export const linear: ProviderProfile = {
  name: 'linear',
  reuse: 'unknown',
  defaultLifetimeMs: hours(24),
  tokenEndpoint: 'https://api.linear.app/oauth/token',
  normalize: withSpacedScope,
};

/** A refresh token that was used ends the whole grant. */
export const oidcProvider: ProviderProfile = { name: 'oidc-provider', reuse: 'strict' };

/** ChatGPT sign-ins, as of its command-line tool; errors are objects with a `code`. */
export const openai: ProviderProfile = {
  name: 'openai',
  reuse: 'strict',
  terminalErrors: ['refresh_token_reused', 'refresh_token_expired', 'refresh_token_invalidated'],
};

/** The value changes about once a day, and the one before works for another day. */
export const quickbooks: ProviderProfile = {
  name: 'quickbooks',
  reuse: { graceMs: hours(24) },
  defaultLifetimeMs: hours(1),
  tokenEndpoint: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
  revocationEndpoint: 'https://developer.api.intuit.com/v2/oauth2/tokens/revoke',
  clientAuthentication: 'client_secret_basic',
};

/** Gives the same answer again until its access token is used, and for ten seconds after. */
export const ringcentral: ProviderProfile = { name: 'ringcentral', reuse: { graceMs: 10_000 } };

export const spotify: ProviderProfile = {
  name: 'spotify',
  reuse: 'unknown',
  defaultLifetimeMs: hours(1),
  tokenEndpoint: 'https://accounts.spotify.com/api/token',
};

/** Pass the `tokenEndpoint` of your project. Within ten seconds the same answer comes again; says why not in a code. */
export const supabase: ProviderProfile = {
  name: 'supabase',
  reuse: { graceMs: 10_000 },
  requestFormat: 'json',
  terminalErrors: [
    'refresh_token_not_found',
    'refresh_token_already_used',
    'session_not_found',
    'session_expired',
  ],
  normalize(body) {
    const { error_code, code } = Object(body) as { readonly error_code?: unknown; readonly code?: unknown };
    const error = error_code ?? code; // `code` is the status, but for its later version
    return typeof error === 'string' ? { error, ...(body as object) } : body;
  },
};

/** A refresh token works for another half hour after its use, however often. */
export const xero: ProviderProfile = {
  name: 'xero',
  reuse: { graceMs: 30 * 60_000 },
  defaultLifetimeMs: hours(0.5),
  tokenEndpoint: 'https://identity.xero.com/connect/token',
  clientAuthentication: 'client_secret_basic',
};

export const zoom: ProviderProfile = {
  name: 'zoom',
  reuse: 'unknown',
  defaultLifetimeMs: hours(1),
  tokenEndpoint: 'https://zoom.us/oauth/token',
  clientAuthentication: 'client_secret_basic',
};

/** A scope is a list in standard answers too, but separated by spaces (RFC 6749 §3.3). */
function withSpacedScope(body: unknown): unknown {
  const { scope } = Object(body) as { readonly scope?: unknown };
  const list = Array.isArray(scope) ? scope : typeof scope === 'string' ? scope.split(/[\s,]+/) : undefined;
  return list ? { ...(body as object), scope: list.join(' ') } : body;
}
