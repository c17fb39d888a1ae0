/** @jest-environment ./spec/helpers/jsdomWithFetch.mjs */
import { heard, issuer, tokensOf } from './world.js';
import {
  HttpClient,
  HttpEventType,
  type HttpEvent,
  type HttpFeature,
  type HttpFeatureKind,
  HttpResponse,
  provideHttpClient,
  withFetch,
  withInterceptors,
} from '@angular/common/http';
import { TestBed } from '@angular/core/testing';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { bearerInterceptor, provideTokenManager, withBearerTargets } from 'rx-token/angular';
import { type Arrived, listeningApi, type ListeningApi } from '../helpers/listeningApi.js';
import { until } from '../helpers/until.js';

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, content-type',
};
const isReal = ({ method }: Arrived): boolean => method !== 'OPTIONS';
const bearers = ({ arrived }: ListeningApi) =>
  arrived.filter(isReal).map(({ headers }) => headers.authorization);

afterEach(() => void jest.restoreAllMocks());

/** An API that takes A2, and hangs, sends elsewhere, or answers in two parts. */
async function world(features: HttpFeature<HttpFeatureKind>[]) {
  const elsewhere = await listeningApi(
    (_request, response) => void response.writeHead(401, CORS).end('"who?"'),
  );
  const api = await listeningApi(({ method, url, token }, response) => {
    if (method === 'OPTIONS') return void response.writeHead(200, CORS).end();
    if (url === '/hang') return;
    if (url === '/elsewhere')
      return void response.writeHead(302, { ...CORS, location: `${elsewhere.origin}/login` }).end();
    response.writeHead(token === 'A2' ? 200 : 401, { ...CORS, 'content-type': 'application/json' });
    response.write('"for ');
    setTimeout(() => response.end(`${token ?? 'nobody'}"`), 20); // so that the headers are seen alone
  });
  const provider = issuer();
  TestBed.configureTestingModule({
    providers: [
      provideHttpClient(...features, withInterceptors([bearerInterceptor])),
      provideTokenManager(() => provider.config, withBearerTargets(api.origin)),
    ],
  });
  return { api, elsewhere, provider, http: TestBed.inject(HttpClient) };
}

describe.each<[string, HttpFeature<HttpFeatureKind>[]]>([
  ['XHR', []],
  ['fetch', [withFetch()]],
])('over %s', (_backend, features) => {
  it('the headers of the 401 are progress, and the answer is the second one, whole', async () => {
    const { api, http, provider } = await world(features);
    const events = await lastValueFrom(
      http.post(api.origin, 'body', { observe: 'events', reportProgress: true }).pipe(toArray()),
    );
    const answer = events.at(-1) as HttpEvent<unknown>;
    expect(answer).toBeInstanceOf(HttpResponse);
    expect(answer).toMatchObject({ status: 200, body: 'for A2' });
    expect(events.filter(({ type }) => type === HttpEventType.Sent)).toHaveLength(1);
    expect(events.filter(({ type }) => type === HttpEventType.Response)).toHaveLength(1);
    expect(bearers(api)).toEqual(['Bearer A1', 'Bearer A2']);
    expect(api.arrived.filter(isReal).map(({ text }) => text)).toEqual(['body', 'body']);
    expect(provider.used).toEqual(['R1']);
  });

  it('the 401 is whole where no other token is to be had, though its headers were progress', async () => {
    const { api, http, provider } = await world(features);
    provider.answers.push(() => ({ error: 'invalid_client' }));
    const request$ = http.get(api.origin, { observe: 'events', reportProgress: true });
    await expect(lastValueFrom(request$)).rejects.toMatchObject({
      status: 401,
      error: 'for A1',
      cause: { code: 'configuration' },
    });
    expect(bearers(api)).toEqual(['Bearer A1']);
  });

  it('a 401 from where a redirect to another origin led renews nothing', async () => {
    const { api, elsewhere, http, provider } = await world(features);
    const request$ = http.get(`${api.origin}/elsewhere`);
    await expect(lastValueFrom(request$)).rejects.toMatchObject({ status: 401, error: 'who?' });
    expect(elsewhere.arrived.filter(isReal)).toHaveLength(1);
    expect(provider.used).toEqual([]);
    expect(bearers(api)).toEqual(['Bearer A1']);
  });

  it('a request that is left is cancelled', async () => {
    const { api, http } = await world(features);
    const notes: unknown[] = [];
    const request = http
      .get(`${api.origin}/hang`)
      .pipe(tap({ finalize: () => notes.push('cancelled') }))
      .subscribe();
    await until(() => bearers(api).length > 0);
    request.unsubscribe();
    expect(notes).toEqual(['cancelled']);
    await api.shutDown(); // which waits for those under way
  });

  it('a network that is gone is the error, and renews nothing', async () => {
    const { api, http, provider } = await world(features);
    await api.shutDown();
    jest.spyOn(console, 'error').mockImplementation(() => undefined); // jsdom tells of it too
    await expect(lastValueFrom(http.get(api.origin))).rejects.toMatchObject({ status: 0 });
    expect(provider.used).toEqual([]);
    expect(heard(tokensOf().token$)).toEqual(['A1']);
  });
});
