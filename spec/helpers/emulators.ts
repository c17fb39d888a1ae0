import type { ProviderProfile } from 'rx-token/providers';
import * as providers from 'rx-token/providers';
import { fakeAuthorizationServer, type FakeAuthorizationServer, type Reply } from 'rx-token/testing';

export interface Emulator {
  readonly server: FakeAuthorizationServer;
  /** What a client of it passes. */
  readonly profile: ProviderProfile;
}

type Fields = Readonly<Record<string, unknown>>;

/** The same answer, with other fields where it is a token response. */
function granting(change: (fields: Fields) => Fields): (reply: Reply) => Reply {
  return (reply) => (isGrant(reply) ? { ...reply, body: change(reply.body as Fields) } : reply);
}

const isGrant = ({ body }: Reply): boolean => 'access_token' in (Object(body) as object);

const without =
  (...names: string[]) =>
  (fields: Fields): Fields =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

/** Providers as they are documented (shared/providers.md), over HTTP: how they rotate, and how they answer. */
export const emulators: Record<string, () => Emulator> = {
  /** Keeps the refresh token, and omits it from the answer. */
  google: () => ({
    profile: providers.google,
    server: fakeAuthorizationServer({ rotation: 'none', reply: granting(without('refresh_token')) }),
  }),
  /** Rotates, and forgives for 30 s: the answer is the same again. */
  okta: () => ({
    profile: providers.okta,
    server: fakeAuthorizationServer({ rotation: { graceMs: 30_000, kind: 'idempotent' } }),
  }),
  /** Rotates; a reuse revokes the family. Refuses with HTTP 403. */
  auth0: () => ({
    profile: providers.auth0,
    server: fakeAuthorizationServer({
      rotation: 'strict',
      reply: (reply) => (reply.status === 400 ? { ...reply, status: 403 } : reply),
    }),
  }),
  /** A new refresh token each time, the old ones stay valid; `expires_in` is a string (v1 endpoints). */
  microsoft: () => ({
    profile: providers.microsoft,
    server: fakeAuthorizationServer({
      rotation: { graceMs: 10 ** 12, kind: 'forking' },
      reply: granting((fields) => ({ ...fields, expires_in: String(fields['expires_in']) })),
    }),
  }),
  /** Tells no lifetime, omits the refresh token, and refuses a refresh that names a scope. */
  salesforce: () => ({
    profile: providers.salesforce,
    server: fakeAuthorizationServer({
      rotation: 'none',
      accessTokenLifetimeMs: 7_200_000,
      reply: (reply, { form }) =>
        form['scope'] === undefined
          ? granting(without('refresh_token', 'expires_in'))(reply)
          : {
              ...reply,
              status: 400,
              body: { error: 'invalid_request', error_description: 'scope parameter not supported' },
            },
    }),
  }),
  /** Rotates; a reuse revokes the family. */
  generic: () => ({ profile: providers.generic, server: fakeAuthorizationServer({ rotation: 'strict' }) }),
  /** Tokens that never end, and no refresh token: there is nothing to refresh. */
  'github OAuth app': () => ({
    profile: providers.github,
    server: fakeAuthorizationServer({
      rotation: 'none',
      reply: granting(without('refresh_token', 'expires_in')),
    }),
  }),
  /** Rotates, the old tokens end at once; errors under HTTP 200, and forms unless JSON is asked for. */
  'github GitHub App': () => ({
    profile: providers.github,
    server: fakeAuthorizationServer({
      rotation: 'strict',
      endsPreviousAccessToken: true,
      reply(reply, { headers }) {
        const { error } = Object(reply.body) as { readonly error?: unknown };
        const body = error === 'invalid_grant' ? { error: 'bad_refresh_token' } : (reply.body as Fields);
        const answer = { ...reply, status: reply.status === 400 ? 200 : reply.status, body };
        if (headers['accept'] === 'application/json') return answer;
        const form = new URLSearchParams(
          Object.entries(body).map(([name, value]): [string, string] => [name, value as string]),
        );
        return {
          ...answer,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: form.toString(),
        };
      },
    }),
  }),
};
