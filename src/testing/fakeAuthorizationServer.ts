import { asyncScheduler, type Observable, Subject } from 'rxjs';
import type {
  ClientContext,
  FakeAuthorizationServer,
  FakeAuthorizationServerConfig,
  FakeTokenResponse,
} from './authorizationServer.js';
import { type Fault, faultQueue } from './faults.js';
import { listenOnLoopback } from './listenOnLoopback.js';
import { requestLog } from './requestLog.js';
import { seededRandom } from './seededRandom.js';
import { type LogEntry, tokenEndpoint } from './tokenEndpoint.js';
import { type Issued, type Outcome, type TokenName, tokenFamilies } from './tokenFamilies.js';
import { oauthError, type Reply, reply, type TokenRequest } from './wire.js';
import { inProcessClient } from './inProcessClient.js';

function randomNames(seed: number): TokenName {
  const random = seededRandom(seed);
  const letters = () => random().toString(36).slice(2, 10).padEnd(8, '0');
  return (kind, count) => `${kind}-${count}-${letters()}${letters()}`;
}

function checked(config: FakeAuthorizationServerConfig): FakeAuthorizationServerConfig {
  const { rotation = 'strict', accessTokenLifetimeMs = 1 } = config;
  const hasGrace = typeof rotation === 'object' && rotation.graceMs >= 0;
  if (
    !['none', 'strict'].includes(rotation as string) &&
    !(hasGrace && ['idempotent', 'forking'].includes(rotation.kind))
  ) {
    throw new RangeError(
      "rotation: 'none', 'strict' or { graceMs: 0 or more, kind: 'idempotent' | 'forking' }",
    );
  }
  if (!(accessTokenLifetimeMs > 0)) throw new RangeError('accessTokenLifetimeMs: more than 0');
  return config;
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/**
 * An OAuth 2.0 authorization server to test against: seeded, rotating, strict, and able to fail in every way
 * that real ones do. In the process (`refresh`), in virtual time if its scheduler is virtual, or over HTTP
 * (`listen`); all faces share tokens, faults and counters. A `RangeError` names an option that makes no sense.
 *
 * @example
 * const server = fakeAuthorizationServer({ rotation: 'strict' });
 * const tokens = createTokenManager({ refresh: server.refresh });
 * await tokens.set(server.signIn());
 * server.faults.next({ commitThenDropReply: 'reset' });
 * // …
 * assert.equal(server.counters.reuses, 0);
 */
export function fakeAuthorizationServer(config: FakeAuthorizationServerConfig = {}): FakeAuthorizationServer {
  const {
    rotation = 'strict',
    accessTokenLifetimeMs = 3_600_000,
    scheduler = asyncScheduler,
  } = checked(config);
  const { latencyMs = 0, endsPreviousAccessToken = false, expiresIn } = config;
  const tokenName = config.tokenName ?? randomNames(config.seed ?? 1);
  const families = tokenFamilies({ rotation, accessTokenLifetimeMs, endsPreviousAccessToken, tokenName });
  const requests = requestLog();
  const faults = faultQueue();
  const stopped$ = new Subject<void>();

  function lifetimeField(seconds: number): unknown {
    if (typeof expiresIn === 'function') return (expiresIn as (seconds: number) => unknown)(seconds);
    return expiresIn === undefined ? seconds : expiresIn;
  }

  function response({ lastsMs, ...tokens }: Issued, overrides: object = {}): FakeTokenResponse {
    const expires_in = lifetimeField(lastsMs / 1000);
    const fields = Object.entries({ ...tokens, token_type: 'Bearer', expires_in, ...overrides });
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as FakeTokenResponse;
  }

  function decided(outcome: Outcome, { blankRefreshToken }: Fault, entry: LogEntry): Reply {
    requests.decided(entry, outcome.kind, scheduler.now());
    if (!('issued' in outcome)) return oauthError('invalid_grant', 'The refresh token is not valid');
    return reply(200, response(outcome.issued, blankRefreshToken ? { refresh_token: '' } : {}));
  }

  function granted({ form }: TokenRequest, fault: Fault, entry: LogEntry): Reply {
    switch (form.grant_type) {
      case undefined:
        return oauthError('invalid_request', 'grant_type is missing');
      case 'client_credentials':
        return decided(
          { kind: 'granted', issued: families.grantClient(scheduler.now(), form.scope) },
          fault,
          entry,
        );
      case 'refresh_token': {
        if (!form.refresh_token) return oauthError('invalid_request', 'refresh_token is missing');
        const keepRefreshToken = fault.omitRefreshToken === true || fault.blankRefreshToken === true;
        const manners = { keepRefreshToken, sameAccessTokenUntilMs: fault.sameAccessTokenUntilMs };
        return decided(families.refresh(form.refresh_token, scheduler.now(), manners), fault, entry);
      }
      default:
        return oauthError('unsupported_grant_type', 'Not a grant of this server');
    }
  }

  const answer = tokenEndpoint({
    scheduler,
    latencyMs,
    stopped$,
    requests,
    faults,
    decide(request, fault, entry) {
      const reply = granted(request, fault, entry);
      return config.reply ? config.reply(reply, request) : reply;
    },
  });

  function ask(form: TokenRequest['form'], { signal }: ClientContext = {}) {
    return answer(form).pipe(inProcessClient(signal)) as Observable<FakeTokenResponse>;
  }

  const mayPass = (token: string) => families.isAccessTokenValid(token, scheduler.now());
  return {
    signIn(overrides = {}) {
      const { access_token, refresh_token, scope, expires_in } = overrides;
      const issued = families.start(scheduler.now(), {
        access_token: string(access_token),
        refresh_token: string(refresh_token),
        scope: string(scope),
        lifetimeMs: Number.isFinite(expires_in) ? Number(expires_in) * 1000 : undefined,
      });
      return response(issued, overrides);
    },
    revoke: families.revoke,
    isAccessTokenValid: mayPass,
    isRefreshTokenValid: (token) => families.isRefreshTokenValid(token, scheduler.now()),
    faults,
    get counters() {
      return { ...requests.sums, familiesRevoked: families.endedByReuse };
    },
    log: requests.log,
    presented: requests.presented,
    refresh: ({ refresh_token = '' }, context) =>
      ask({ grant_type: 'refresh_token', refresh_token }, context),
    acquire: (context) => ask({ grant_type: 'client_credentials' }, context),
    answer,
    listen: (port) =>
      listenOnLoopback({ answer, mayPass, scopeOf: families.scopeOf, stop: () => stopped$.next() }, port),
  };
}
