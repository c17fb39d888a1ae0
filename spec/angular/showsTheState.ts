import {
  Component,
  type EnvironmentProviders,
  NgZone,
  runInInjectionContext,
  type Type,
} from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { memoryStore } from 'rx-token';
import { injectAuthState, injectTokenManager, provideTokenManager } from 'rx-token/angular';
import { until } from '../helpers/until.js';

interface Page {
  readonly body: { innerHTML: string; readonly textContent: string };
}

/** A whole application with a component that shows the state: what changes outside of Angular is seen. */
export async function showsTheState(changeDetection: EnvironmentProviders): Promise<void> {
  const App = Component({ selector: 'app-root', template: '{{ state().status }}' })(
    class {
      readonly state = injectAuthState();
    },
  ) as Type<unknown>;
  const { body } = (globalThis as unknown as { readonly document: Page }).document;
  body.innerHTML = '<app-root></app-root>';
  const store = memoryStore({ access_token: 'A1' });
  const refresh = () => ({ access_token: 'A2' });
  const app = await bootstrapApplication(App, {
    providers: [changeDetection, provideTokenManager(() => ({ store, refresh }))],
  });
  try {
    await until(() => body.textContent === 'valid');
    const zone = app.injector.get(NgZone);
    const tokens = runInInjectionContext(app.injector, injectTokenManager);
    await zone.runOutsideAngular(() => tokens.clear());
    await until(() => body.textContent === 'signed-out');
    await zone.runOutsideAngular(() => tokens.set({ access_token: 'B1' }));
    await until(() => body.textContent === 'valid');
  } finally {
    app.destroy();
  }
}
