/** What an awaited `getValidToken()` costs when the token is valid, beside the least it can cost, and the peers. */
import { doesIdentityRequireRefresh, isIdentityExpired, memoizeIdentityProvider } from '@smithy/core';
import { OAuth2Client } from 'google-auth-library';
import { createTokenManager as createGuard } from 'refresh-guard';
import { createTokenManager, memoryStore } from 'rx-token';
import { measure } from './support/measure.js';
import { printTable, printTarget, times } from './support/report.js';
import { minimum } from './support/statistics.js';

const CALLS = 20_000;
const until = Date.now() + 3_600_000;
const held = { access_token: 'access', refresh_token: 'refresh', expires_at: until };
const neverCalled = () => Promise.reject(new Error('The token is valid: there is nothing to refresh'));

const resolved = Promise.resolve(held.access_token);
const bareLimit = () => (Date.now() < until ? resolved : neverCalled());

const tokens = createTokenManager({ store: memoryStore(held), refresh: neverCalled });

const guard = createGuard({ initial: held, refresh: neverCalled });

const google = new OAuth2Client({ clientId: 'client' });
google.setCredentials({
  access_token: held.access_token,
  refresh_token: held.refresh_token,
  expiry_date: until,
});

const identity = { token: held.access_token, expiration: new Date(until) };
const identityOf = memoizeIdentityProvider(
  () => Promise.resolve(identity),
  isIdentityExpired,
  doesIdentityRequireRefresh,
);
if (!identityOf) throw new Error('There is a provider, so there is what memoizes it');

// Each side has a loop of its own: in a shared one the engine would optimise for none.
const durations = await measure(
  {
    bareLimit: () => async () => {
      for (let call = 0; call < CALLS; call++) await bareLimit();
    },
    rxToken: () => async () => {
      for (let call = 0; call < CALLS; call++) await tokens.getValidToken();
    },
    refreshGuard: () => async () => {
      for (let call = 0; call < CALLS; call++) await guard.getValidToken();
    },
    google: () => async () => {
      for (let call = 0; call < CALLS; call++) await google.getAccessToken();
    },
    smithy: () => async () => {
      for (let call = 0; call < CALLS; call++) await identityOf();
    },
  },
  { warmUps: 20, rounds: 300 },
);
tokens.dispose();

const fastest = minimum(durations.bareLimit);
const row = (name: string, side: keyof typeof durations): string[] => {
  const duration = minimum(durations[side]);
  return [name, `${((duration / CALLS) * 1e6).toFixed(0)} ns`, times(duration / fastest)];
};
printTable(
  ['one awaited call, token valid', 'time', 'bare limit = 1'],
  [
    row('bare limit: a clock comparison, a resolved promise', 'bareLimit'),
    row('rx-token             getValidToken()', 'rxToken'),
    row('refresh-guard        getValidToken()', 'refreshGuard'),
    row('google-auth-library  getAccessToken()', 'google'),
    row('@smithy/core         memoizeIdentityProvider()', 'smithy'),
  ],
);
const ours = minimum(durations.rxToken);
const peers = [durations.refreshGuard, durations.google, durations.smithy].map(minimum);
printTarget('at most 1.25 × the bare limit', ours <= 1.25 * fastest);
printTarget('faster than all three peers', ours < Math.min(...peers));
