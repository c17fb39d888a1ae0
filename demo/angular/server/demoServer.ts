import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Provider } from 'oidc-provider';
import { ignoreElements, type Observable, ReplaySubject, startWith, switchMap, tap } from 'rxjs';
import { listening } from '../../terminal/listening.js';
import { api } from './api.js';
import { authorizationServer, MOUNT, rulings, SIGN_IN } from './authorizationServer.js';
import { ledger } from './ledger.js';
import type { Options } from './options.js';
import type { Ruling } from './ruling.js';
import { signInPage } from './signInPage.js';
import { staticFile } from './staticFile.js';

/** How many rulings a page sees that has just been opened. */
const REMEMBERED = 200;

/**
 * The authorization server, the API and the application, on one origin of loopback. Emits where that is, never
 * completes, and closes it all when it is left.
 *
 * @param folder the application, as it was built
 */
export function demoServer({ port, lifetime }: Options, folder: string): Observable<string> {
  return listening(port).pipe(
    switchMap(async (http) => {
      const origin = `http://localhost:${(http.address() as AddressInfo).port}`;
      return { http, origin, provider: await authorizationServer(origin, lifetime) };
    }),
    switchMap(({ http, origin, provider }) => {
      const ruling$ = new ReplaySubject<Ruling>(REMEMBERED);
      const answer = answering(origin, provider, ruling$, folder);
      http.on('request', (request, response) => {
        answer(request, response).catch((error: unknown) => {
          console.error(error);
          if (!response.headersSent) response.writeHead(500);
          response.end();
        });
      });
      return rulings(provider).pipe(tap(ruling$), ignoreElements(), startWith(origin));
    }),
  );
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function answering(origin: string, provider: Provider, ruling$: Observable<Ruling>, folder: string): Answer {
  const oidc = provider.callback();
  const isBelow = (url: URL, mount: string): boolean => url.pathname.startsWith(`${mount}/`);
  return async (request, response) => {
    const url = new URL(request.url ?? '/', origin);
    if (isBelow(url, MOUNT)) {
      const mounted = { originalUrl: request.url, url: request.url?.slice(MOUNT.length) };
      return oidc(Object.assign(request, mounted), response);
    }
    if (isBelow(url, SIGN_IN)) return signInPage(provider, request, response);
    if (isBelow(url, '/api')) return api(provider, url, request, response);
    if (url.pathname === '/ledger') return ledger(ruling$, response);
    return staticFile(folder, url.pathname, response);
  };
}
