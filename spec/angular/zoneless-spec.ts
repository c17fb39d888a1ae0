/** @jest-environment jsdom */
import '@angular/compiler';
import { Component, provideZonelessChangeDetection, type Type, VERSION } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { describe, expect, it } from '@jest/globals';
import { provideTokenManager, withBearerTargets } from 'rx-token/angular';
import { showsTheState } from './showsTheState.js';

describe('an application without zones', () => {
  it('shows the state, as it changes', () => showsTheState(provideZonelessChangeDetection()));

  it('does not start with a mistake in its providers', async () => {
    const App = Component({ selector: 'app-root', template: '' })(
      class App {
        readonly isNeverMade = true;
      },
    ) as Type<unknown>;
    const started = bootstrapApplication(App, {
      providers: [
        provideZonelessChangeDetection(),
        provideTokenManager(
          () => ({ refresh: () => undefined as never }),
          withBearerTargets('http://example.com'),
        ),
      ],
    });
    await expect(started).rejects.toThrow('targets[0] must be https');
  });
});

it('is Angular 21, or the one that scripts/angular.ts has installed', () => {
  expect(VERSION.major).toBe(process.env['ANGULAR'] ?? '21');
});
