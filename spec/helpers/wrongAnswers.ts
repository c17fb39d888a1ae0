import { createTokenManager } from 'rx-token';
import { refreshTokenGrant } from 'rx-token/oauth';
import type { Fault } from 'rx-token/testing';
import { gzipSync } from 'node:zlib';
import { emulators } from './emulators.js';

/** What a refresh that fails ends in: a code, and `ambiguous` where nobody can know whether the token was spent. */
export type Ending = string;

export interface WrongAnswer {
  readonly name: string;
  readonly fault: Fault;
  readonly ending: Ending;
  /** Least time until the next attempt, in ms, where the answer asks for one. */
  readonly retryAfterMs?: number;
}

const transient = 'refresh_unavailable';
const ambiguous = 'refresh_unavailable, ambiguous';
const html = { headers: { 'content-type': 'text/html' }, body: '<html>502 Bad Gateway</html>' };
const big = JSON.stringify({ access_token: 'A'.repeat(10 * 1024 * 1024) });

/** The ways in which an answer can be wrong, and the class of errors that each belongs to (design.md §3). */
export const wrongAnswers: readonly WrongAnswer[] = [
  { name: 'hangs before committing', fault: { dropBeforeCommit: 'hang' }, ending: ambiguous },
  { name: 'hangs after committing', fault: { commitThenDropReply: 'hang' }, ending: ambiguous },
  { name: 'reset before committing', fault: { dropBeforeCommit: 'reset' }, ending: ambiguous },
  { name: 'reset after committing', fault: { commitThenDropReply: 'reset' }, ending: ambiguous },
  { name: '500', fault: { status: 500 }, ending: transient },
  {
    name: '500 that says invalid_grant',
    fault: { status: 500, body: { error: 'invalid_grant' } },
    ending: transient,
  },
  { name: '502 with HTML', fault: { status: 502, ...html }, ending: transient },
  { name: '403 with HTML, of a firewall', fault: { status: 403, ...html }, ending: transient },
  {
    name: '429, Retry-After in seconds',
    fault: { status: 429, headers: { 'retry-after': '7' } },
    ending: transient,
    retryAfterMs: 6_000,
  },
  {
    name: '429, Retry-After as a date',
    fault: { status: 429, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } },
    ending: transient,
    retryAfterMs: 20_000,
  },
  { name: '307', fault: { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, ending: transient },
  {
    name: '200, truncated JSON',
    fault: { body: '{"access_token": "A2", "ref', commits: true },
    ending: ambiguous,
  },
  { name: '200, empty', fault: { body: '', commits: true }, ending: ambiguous },
  { name: '200, HTML', fault: { ...html, commits: true }, ending: ambiguous },
  { name: '200, no token', fault: { body: { token_type: 'Bearer' }, commits: true }, ending: ambiguous },
  {
    name: '200 with invalid_grant',
    fault: { status: 200, body: { error: 'invalid_grant' } },
    ending: 'refresh_rejected',
  },
  {
    name: '400 invalid_grant',
    fault: { status: 400, body: { error: 'invalid_grant' } },
    ending: 'refresh_rejected',
  },
  { name: '400 empty', fault: { status: 400, body: '' }, ending: transient },
  {
    name: '401 invalid_client',
    fault: { status: 401, body: { error: 'invalid_client' } },
    ending: 'configuration',
  },
  { name: '200, 10 MB', fault: { body: big, commits: true }, ending: ambiguous },
  {
    name: '200, 10 MB in 10 kB of gzip',
    fault: { headers: { 'content-encoding': 'gzip' }, body: gzipSync(big), commits: true },
    ending: ambiguous,
  },
];

export const seededProviders = Object.keys(emulators).filter((name) => name !== 'github OAuth app');

const isHang = ({ dropBeforeCommit, commitThenDropReply }: Fault): boolean =>
  [dropBeforeCommit, commitThenDropReply].includes('hang');

/** Has a provider answer so, always, to a caller who has nothing else; and what that caller is told. */
export async function endingOf(
  provider: string,
  { fault }: WrongAnswer,
): Promise<{ ending: Ending; waitMs: number }> {
  const { server, profile } = emulators[provider]!();
  const { url, close } = await server.listen();
  const tokens = createTokenManager({
    provider: profile,
    refresh: refreshTokenGrant({
      provider: profile,
      tokenEndpoint: url,
      clientId: 'me',
      clientSecret: 'hush',
    }),
    refreshTimeoutMs: isHang(fault) ? 150 : 20_000, // what does answer may take its time on a busy machine
    maxWaitMs: 0,
  });
  try {
    await tokens.set(server.signIn({ expires_in: 0.001 }));
    await tokens.invalidate();
    server.faults.always(fault);
    const { code, ambiguous, retryAt } = await tokens.getValidToken().then(
      () => ({ code: 'served', ambiguous: false, retryAt: 0 }),
      (error: unknown) => error as { code: string; ambiguous?: boolean; retryAt?: number },
    );
    return { ending: ambiguous ? `${code}, ambiguous` : code, waitMs: (retryAt ?? 0) - Date.now() };
  } finally {
    tokens.dispose();
    await close();
  }
}
