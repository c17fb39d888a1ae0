/** A million callers of a moment on an expired token: one refresh, at the price of awaiting one shared promise. */
import { doesIdentityRequireRefresh, isIdentityExpired, memoizeIdentityProvider } from '@smithy/core';
import { OAuth2Client } from 'google-auth-library';
import { createTokenManager as createGuard } from 'refresh-guard';
import { createTokenManager, memoryStore } from 'rx-token';
import { measure, type Trial } from './support/measure.js';
import { heldBackProvider, type Provider } from './support/provider.js';
import { printFact, printTable, printTarget, times } from './support/report.js';
import { minimum } from './support/statistics.js';

const CALLERS = 1_000_000;
const expired = { access_token: 'access-1', refresh_token: 'refresh-1', expires_at: 1 };
const renewed = { access_token: 'access-2', refresh_token: 'refresh-2', expires_in: 3600 };

/** What each trial cost the provider, by side. */
const requests: Record<string, number[]> = {};

/** Starts a million callers, lets the provider answer, and ends with the last of them. */
function stampede(side: string, provider: Provider, getToken: () => Promise<unknown>): Trial {
  let served = 0;
  const caller = async (): Promise<void> => {
    await getToken();
    served++;
  };
  return async () => {
    for (let call = 1; call < CALLERS; call++) void caller();
    const last = caller();
    provider.answer();
    await last;
    if (served !== CALLERS) throw new Error(`${side} served ${served} callers`);
    (requests[side] ??= []).push(provider.requests);
  };
}

const bareLimit = (): Trial => {
  const provider = heldBackProvider();
  const shared = provider.request('access-2');
  return stampede('bareLimit', provider, () => shared);
};

const rxToken = async (): Promise<Trial> => {
  const provider = heldBackProvider();
  const tokens = createTokenManager({
    store: memoryStore(expired),
    refresh: () => provider.request(renewed),
  });
  await tokens.peek();
  return stampede('rxToken', provider, () => tokens.getValidToken());
};

const refreshGuard = async (): Promise<Trial> => {
  const provider = heldBackProvider();
  const tokens = createGuard({ initial: expired, refresh: () => provider.request(renewed) });
  await tokens.current();
  return stampede('refreshGuard', provider, () => tokens.getValidToken());
};

const google = (): Trial => {
  const provider = heldBackProvider();
  const client = new OAuth2Client({
    clientId: 'client',
    transporterOptions: { fetchImplementation: () => provider.request(Response.json(renewed)) },
  });
  const { access_token, refresh_token, expires_at } = expired;
  client.setCredentials({ access_token, refresh_token, expiry_date: expires_at });
  return stampede('google', provider, () => client.getAccessToken());
};

const smithy = async (): Promise<Trial> => {
  const provider = heldBackProvider();
  const first = { token: 'access-1', expiration: new Date(expired.expires_at) };
  const second = { token: 'access-2', expiration: new Date(Date.now() + 3_600_000) };
  let isFirst = true;
  const identityOf = memoizeIdentityProvider(
    () => (isFirst ? Promise.resolve(first) : provider.request(second)),
    isIdentityExpired,
    doesIdentityRequireRefresh,
  );
  if (!identityOf) throw new Error('There is a provider, so there is what memoizes it');
  await identityOf();
  isFirst = false;
  return stampede('smithy', provider, () => identityOf());
};

const ours = await measure({ bareLimit, rxToken }, { warmUps: 1, rounds: 6 });
const peers = await measure({ bareLimit, refreshGuard, google, smithy }, { warmUps: 0, rounds: 2 });

const row = (name: string, side: string, durations: number[], limit: number[]): string[] => {
  const duration = minimum(durations);
  const refreshes = [...new Set(requests[side])].join(' or ');
  return [name, refreshes, `${duration.toFixed(0)} ms`, times(duration / minimum(limit))];
};
printTable(
  ['a million concurrent callers, token expired', 'refreshes', 'time', 'bare limit = 1'],
  [
    row('bare limit: a million awaits on one promise', 'bareLimit', ours.bareLimit, ours.bareLimit),
    row('rx-token             getValidToken()', 'rxToken', ours.rxToken, ours.bareLimit),
    row('refresh-guard        getValidToken()', 'refreshGuard', peers.refreshGuard, peers.bareLimit),
    row('google-auth-library  getAccessToken()', 'google', peers.google, peers.bareLimit),
    row('@smithy/core         memoizeIdentityProvider()', 'smithy', peers.smithy, peers.bareLimit),
  ],
);
printFact('exactly one refresh, every time', requests['rxToken']?.every((count) => count === 1) === true);
printTarget('at most 1.5 × the bare limit', minimum(ours.rxToken) <= 1.5 * minimum(ours.bareLimit));
