import {
  HttpContextToken,
  HttpErrorResponse,
  type HttpEvent,
  type HttpInterceptorFn,
  HttpResponse,
} from '@angular/common/http';
import { inject } from '@angular/core';
import { defer, tap } from 'rxjs';
import { Wire } from './wire';

const nobody = {};

/** Says which request an attempt belongs to. */
export const REQUEST = new HttpContextToken<object>(() => nobody);

let attempts = 0;

/** Stands between `bearerInterceptor` and the network: sees a replay as what it is, a second attempt. */
export const wireTap: HttpInterceptorFn = (request, next) => {
  const { attempt$ } = inject(Wire);
  return defer(() => {
    const began = { id: ++attempts, request: request.context.get(REQUEST), from: Date.now() };
    const ended = (status: number) => attempt$.next({ ...began, until: Date.now(), status });
    attempt$.next(began);
    return next(request).pipe(
      tap({
        next: (event: HttpEvent<unknown>) => event instanceof HttpResponse && ended(event.status),
        error: (error: unknown) => ended(error instanceof HttpErrorResponse ? error.status : 0),
        unsubscribe: () => ended(0),
      }),
    );
  });
};
