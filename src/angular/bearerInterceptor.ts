import {
  HttpErrorResponse,
  HttpEventType,
  type HttpEvent,
  type HttpInterceptorFn,
  type HttpRequest,
} from '@angular/common/http';
import { inject } from '@angular/core';
import { catchError, defer, filter, of, type Observable } from 'rxjs';
import { assertFit } from '../assertFit.js';
import { NoCredentialsError, withToken } from '../index.js';
import { isRejected } from '../isRejected.js';
import { isStream } from '../isStream.js';
import { urlFrom } from '../targets.js';
import { ASKED, BEARER_MANAGER, SKIP_BEARER } from './contextTokens.js';
import { injectBaseUrl } from './injectBaseUrl.js';
import { isTokenRequest } from './isTokenRequest.js';
import { injectManaged, MANAGERS } from './managers.js';

/** Stands for no token: nobody is signed in. */
const NONE = '';

/**
 * Sends a valid token along, to the targets of `withBearerTargets` only. After a 401 the token is renewed, once for
 * all, and the request sent once more; what comes of that is the answer, whatever it is. Put it last, behind those
 * that change the URL of a request.
 *
 * - A request that is for no target, that has `SKIP_BEARER`, that brings an `Authorization` header, that asks for
 *   tokens itself (with a `grant_type`), that is made by the manager's own callback, or is JSONP, passes through at
 *   once, untouched.
 * - Where nobody is signed in, it fails with `NoCredentialsError`, or goes out without a token if its target is
 *   `anonymous`; as `validToken$` does where there is no token for another reason.
 * - A 403, and a 401 whose challenge names another reason than `invalid_token` (RFC 6750 §3.1), renew nothing. Nor
 *   does a 401 from where a redirect to another origin led.
 * - Where no other token is to be had, the 401 is the error; its `cause` says why. So it is for a stream, which cannot
 *   be sent again, while the token is renewed for the next request.
 *
 * @throws TypeError where no manager is provided, or none has targets
 */
export const bearerInterceptor: HttpInterceptorFn = (request, next) => {
  const { context, method, body } = request;
  // JSONP is a script element, which has no headers
  if (context.get(SKIP_BEARER) || request.headers.has('authorization') || method === 'JSONP')
    return next(request);

  const chosen = context.get(BEARER_MANAGER);
  const managers =
    chosen === undefined
      ? (inject(MANAGERS, { optional: true }) ?? [injectManaged()])
      : [injectManaged(chosen)];
  if (!managers.some(({ findTarget }) => findTarget))
    throw new TypeError("No token manager has targets: add withBearerTargets('https://api.example.com')");
  const baseUrl = injectBaseUrl();
  const url = urlFrom(request.urlWithParams, baseUrl);
  const fits = managers.filter(({ findTarget }) => url && findTarget?.(url, method));
  const managed = fits.find(({ asking }) => asking.isAsking) ?? fits[0];
  if (!url || !managed || isTokenRequest(body)) return next(request);

  const { tokens, asking } = managed;
  // stays with the request when it is tried again, later
  if (asking.isAsking) context.set(ASKED, { url: url.href, method, body });
  const asked = context.get(ASKED);
  if (asked?.url === url.href && asked.method === method && asked.body === body)
    return asking.answered(next(request));

  const isAnonymous = managed.findTarget?.(url, method)?.isAnonymous;
  const orNone = (error: unknown): Observable<string> => {
    if (isAnonymous && error instanceof NoCredentialsError) return of(NONE);
    throw error;
  };
  /** For the next request; this one cannot be repeated. */
  const renewedBehind = (rejected: string): Observable<string> => {
    tokens.renew(rejected).catch(() => undefined);
    return of(rejected);
  };
  const isRefused = (outcome: unknown): boolean =>
    outcome instanceof HttpErrorResponse &&
    isRejected(outcome) &&
    urlFrom(outcome.url ?? url, baseUrl)?.origin === url.origin;

  return defer(() => {
    let isSent = false;
    const isNews = ({ type }: HttpEvent<unknown>): boolean =>
      type !== HttpEventType.Sent || (!isSent && (isSent = true));
    return withToken(
      {
        validToken$: tokens.validToken$.pipe(catchError(orNone)),
        renewal: isStream(body) ? renewedBehind : tokens.renewal,
      },
      (token) => next(token === NONE ? request : withBearer(request, token)),
      { isRejected: isRefused },
    ).pipe(filter(isNews));
  });
};

function withBearer<T>(request: HttpRequest<T>, token: string): HttpRequest<T> {
  assertFit(token);
  return request.clone({ setHeaders: { Authorization: `Bearer ${token}` } });
}
