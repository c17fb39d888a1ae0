/** What `bearerFetch` adds to a request when the token is valid, beside the bare fetch and what one writes by hand. */
import { createTokenManager, memoryStore } from 'rx-token';
import { bearerFetch } from 'rx-token/fetch';
import { measure } from './support/measure.js';
import { printTable, printTarget, times } from './support/report.js';
import { minimum } from './support/statistics.js';

type Fetch = typeof globalThis.fetch;

const CALLS = 500;
const TARGET_NS = 2_000;
const tokens = createTokenManager({
  store: memoryStore({ access_token: 'a'.repeat(1_000), expires_at: Date.now() + 3_600_000 }),
  refresh: () => Promise.reject(new Error('The token is valid: there is nothing to refresh')),
});

const answer = Promise.resolve(new Response('ok'));
const bare: Fetch = () => answer;

const byHand: Fetch = async (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('authorization', `Bearer ${await tokens.getValidToken()}`);
  return bare(input, { ...init, headers });
};

const config = { targets: ['https://api.example.com/v1'], fetch: bare };

const url = 'https://api.example.com/v1/notes/1';
const elsewhere = 'https://other.example/v1/notes/1';
const init: RequestInit = { headers: { accept: 'application/json' } };
const { signal } = new AbortController();
const initWithSignal: RequestInit = { ...init, signal };
const request = new Request(url, init);

const [plain, withSignal, withRequest, untouched] = Array.from({ length: 4 }, () =>
  bearerFetch(tokens, config),
) as [Fetch, Fetch, Fetch, Fetch];

// Each side has a loop of its own: in a shared one the engine would optimise for none.
const durations = await measure(
  {
    bare: () => async () => {
      for (let call = 0; call < CALLS; call++) await bare(url, init);
    },
    byHand: () => async () => {
      for (let call = 0; call < CALLS; call++) await byHand(url, init);
    },
    plain: () => async () => {
      for (let call = 0; call < CALLS; call++) await plain(url, init);
    },
    withSignal: () => async () => {
      for (let call = 0; call < CALLS; call++) await withSignal(url, initWithSignal);
    },
    withRequest: () => async () => {
      for (let call = 0; call < CALLS; call++) await withRequest(request);
    },
    untouched: () => async () => {
      for (let call = 0; call < CALLS; call++) await untouched(elsewhere, init);
    },
  },
  { warmUps: 40, rounds: 200 },
);
tokens.dispose();

const ns = (side: keyof typeof durations): number => (minimum(durations[side]) / CALLS) * 1e6;
const added = (side: keyof typeof durations): number => ns(side) - ns('bare');
const row = (name: string, side: keyof typeof durations): string[] => [
  name,
  `${ns(side).toFixed(0)} ns`,
  `${added(side).toFixed(0)} ns`,
  times(added(side) / added('byHand')),
];
printTable(
  ['one awaited request, token valid, fetch answers at once', 'time', 'added', 'by hand = 1'],
  [
    row('by hand: getValidToken(), new Headers(), fetch()', 'byHand'),
    row('bearerFetch(url, { headers })', 'plain'),
    row('bearerFetch(url, { headers, signal })', 'withSignal'),
    row('bearerFetch(request)', 'withRequest'),
    row('bearerFetch(url) that is no target', 'untouched'),
    row('the bare fetch', 'bare'),
  ],
);
printTarget('adds at most 2 µs to a request', added('plain') <= TARGET_NS);
