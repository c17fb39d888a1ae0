/** @jest-environment jsdom */
import { API, signedIn, world } from './world.js';
import { describe, expect, it } from '@jest/globals';

describe('a request to a target', () => {
  it('carries a valid token', () => {
    const { http, backend } = world(signedIn());
    let body: unknown;
    http.get(`${API}/me`).subscribe((answer) => (body = answer));
    const request = backend.expectOne(`${API}/me`);
    expect(request.request.headers.get('Authorization')).toBe('Bearer A1');
    request.flush({ welcome: true });
    expect(body).toEqual({ welcome: true });
  });
});
