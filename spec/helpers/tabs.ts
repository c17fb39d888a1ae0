import type { Browser, BrowserContext, Page } from 'playwright-core';
import {
  type FakeAuthorizationServer,
  fakeAuthorizationServer,
  type FakeAuthorizationServerConfig,
} from 'rx-token/testing';
import { serveSite, type Site } from './site.js';
import type { Seen, Tab } from './worlds/tab.js';

type Call = Exclude<keyof Tab, 'seen'>;

/** A tab, with a manager in it. */
export interface OpenTab {
  readonly page: Page;
  call<Name extends Call>(
    name: Name,
    ...args: Parameters<Tab[Name]>
  ): Promise<Awaited<ReturnType<Tab[Name]>>>;
  seen(): Promise<Seen>;
  /** Resolves when the tab has seen it. */
  until<A>(condition: (seen: Seen, given: A) => boolean, given?: A): Promise<void>;
}

export interface Profile {
  readonly server: FakeAuthorizationServer;
  readonly context: BrowserContext;
  readonly site: Site;
  newTab(...args: Parameters<Tab['open']>): Promise<OpenTab>;
  close(): Promise<void>;
}

export interface ProfileOptions {
  readonly server?: FakeAuthorizationServerConfig | undefined;
  /** Over http, a host that is not `localhost` is no secure context: there are no Web Locks. */
  readonly host?: 'localhost' | 'rx-token.test' | undefined;
  /** Of the page; `/sandboxed` has no origin. */
  readonly path?: '/' | '/sandboxed';
}

/** A user's profile with a site of its own, of which tabs can be opened. */
export async function newProfile(
  browser: Browser,
  script: string,
  options: ProfileOptions = {},
): Promise<Profile> {
  const server = fakeAuthorizationServer({
    tokenName: (kind, count) => `${kind === 'access' ? 'A' : 'R'}${count}`,
    ...options.server,
  });
  const site = await serveSite(script, server);
  const context = await browser.newContext();
  return {
    server,
    context,
    site,
    async newTab(...args) {
      const page = await context.newPage();
      await page.goto(new URL(options.path ?? '/', site.url(options.host)).href);
      const tab: OpenTab = {
        page,
        call: (name, ...given) =>
          page.evaluate(
            ([method, parameters]) =>
              (globalThis as unknown as { tab: Record<string, (...all: unknown[]) => unknown> }).tab[
                method as string
              ]!(...(parameters as unknown[])),
            [name, given] as const,
          ) as never,
        seen: () => page.evaluate(() => (globalThis as unknown as { tab: Tab }).tab.seen),
        until: async (condition, given) => {
          await page.waitForFunction(
            `(${condition.toString()})(tab.seen, ${JSON.stringify(given)})`,
            undefined,
            { timeout: 45_000, polling: 20 },
          );
        },
      };
      await tab.call('open', ...args);
      return tab;
    },
    async close() {
      await context.close();
      await site.close();
    },
  };
}
