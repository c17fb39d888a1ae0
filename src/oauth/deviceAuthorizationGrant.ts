import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  expand,
  filter,
  map,
  of,
  timer,
  type Observable,
} from 'rxjs';
import { classifyAnswer, classifyThrown, normal, type Answer } from '../classify.js';
import type { Credentials } from '../credentials.js';
import { ConfigurationError, RefreshUnavailableError, TokenError } from '../errors.js';
import { LONGEST_DELAY_MS } from '../longestDelay.js';
import { mergeRotation } from '../mergeRotation.js';
import type { ProviderProfile } from '../profile.js';
import type { GrantOptions } from './clientOptions.js';
import { devicePrompt, type DevicePrompt } from './devicePrompt.js';
import { inTime } from './inTime.js';
import { nextPoll, signInRefused, type Poll } from './nextPoll.js';
import { oauthClient } from './oauthClient.js';
import { readOptions } from './readOptions.js';

/** What the user has granted: for the manager's `set()`. */
export interface DeviceCredentials {
  readonly type: 'credentials';
  readonly credentials: Credentials;
}

export type DeviceAuthorization = DevicePrompt | DeviceCredentials;

/**
 * How a program without a browser signs in (RFC 8628). Cold. Emits what to show to the user, then, when the user has
 * agreed on whatever device, the credentials, and completes:
 *
 *     prompt ---------------------- credentials|
 *             poll   poll   poll ^
 *
 * Asks as often as the server wants, less often when it says `slow_down`, and goes on, more slowly, when it does not
 * answer. Unsubscribing ends that. Errors with `refresh_rejected` when the user has refused (its `error` is
 * `access_denied`) or the code has expired (`expired_token`): subscribe again for another code; with
 * `configuration`; and with `refresh_unavailable` if the first request fails.
 *
 * @throws TypeError or RangeError that names the option which is wrong
 */
export function deviceAuthorizationGrant(options: GrantOptions): Observable<DeviceAuthorization> {
  const settings = readOptions(options, ['device_authorization_endpoint', 'token_endpoint']);
  const { scheduler, profile } = settings;
  const client = oauthClient(settings);
  const { scope } = options;
  const parameters = { ...settings.parameters, ...(scope && { scope }) };

  const begin = (signal: AbortSignal) =>
    client.ask(
      'device_authorization_endpoint',
      ({ oauth, server, client, authentication, http }) =>
        oauth.deviceAuthorizationRequest(server, client, authentication, parameters, http),
      signal,
    );
  const ask = (deviceCode: string, signal: AbortSignal) =>
    client.ask(
      'token_endpoint',
      ({ oauth, server, client, authentication, http }) =>
        oauth.deviceCodeGrantRequest(server, client, authentication, deviceCode, {
          ...http,
          additionalParameters: settings.parameters,
        }),
      signal,
    );

  /** One poll, which never errors: what goes wrong is told. */
  function outcomeOf(deviceCode: string): Observable<DeviceCredentials | TokenError> {
    return defer(() => {
      const sentAt = scheduler.now();
      return inTime((signal) => ask(deviceCode, signal), settings).pipe(
        map((answer) => {
          const response = classifyAnswer(answer, profile);
          if (response instanceof TokenError) return response;
          const credentials = mergeRotation(null, response, sentAt, profile.defaultLifetimeMs);
          return { type: 'credentials' as const, credentials };
        }),
        catchError((thrown: unknown) => of(classifyThrown(thrown, profile, scheduler.now()))),
      );
    });
  }

  function granted(
    deviceCode: string,
    { intervalMs, expiresAt }: DevicePrompt,
  ): Observable<DeviceCredentials> {
    const next = (poll: Poll): Observable<Poll | DeviceCredentials> =>
      timer(Math.min(poll.waitMs, expiresAt - scheduler.now(), LONGEST_DELAY_MS), scheduler).pipe(
        concatMap(() => {
          if (scheduler.now() >= expiresAt) throw signInRefused('expired_token');
          return outcomeOf(deviceCode);
        }),
        map((outcome) => (outcome instanceof TokenError ? nextPoll(poll, outcome) : outcome)),
      );
    const first: Poll | DeviceCredentials = { intervalMs, waitMs: intervalMs };
    return of(first).pipe(
      expand((state) => ('waitMs' in state ? next(state) : EMPTY)),
      filter((state): state is DeviceCredentials => !('waitMs' in state)),
    );
  }

  return defer(() => {
    const sentAt = scheduler.now();
    return inTime(begin, settings).pipe(
      concatMap((answer) => {
        const begun =
          devicePrompt(answer, sentAt) ??
          devicePrompt({ ...answer, body: normal(answer.body, profile) }, sentAt);
        if (!begun) throw notBegun(answer, profile);
        return concat(of(begun.prompt), granted(begun.deviceCode, begun.prompt));
      }),
    );
  });
}

function notBegun(answer: Answer, profile: ProviderProfile): TokenError {
  const outcome = classifyAnswer(answer, profile);
  if (outcome instanceof ConfigurationError) return outcome;
  const { error, status } = (outcome instanceof TokenError ? outcome : answer) as Partial<TokenError>;
  const said = [status, error].filter(Boolean).join(' ');
  const { retryAfterMs } = answer;
  return new RefreshUnavailableError(`The provider did not begin the sign-in (${said})`, {
    error,
    status,
    retryAfterMs,
  });
}
