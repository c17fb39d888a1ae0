import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from '../../../spec/helpers/until';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const artifacts = fileURLToPath(new URL('../artifacts/', import.meta.url));

/** Somebody with a browser, several tabs of it, and two hands. */
export interface Visitor {
  /** Every error that a page has thrown and nobody has caught. */
  readonly errors: readonly string[];
  open(path?: string): Promise<Page>;
  /** Signs in by clicks. */
  signIn(page: Page, name: string): Promise<void>;
  /** Pulls the plug, and puts it back. */
  disconnect(isOffline: boolean): Promise<void>;
  leave(): Promise<void>;
}

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

export async function visitor(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  const errors: string[] = [];
  context.on('weberror', (error) => errors.push(String(error.error())));
  return {
    errors,
    async open(path = '/') {
      const page = await context.newPage();
      await page.goto(url + path);
      return page;
    },
    async signIn(page, name) {
      await page.getByTestId('sign-in').click();
      await page.getByRole('button', { name }).click();
      await page.getByTestId('sign-out').waitFor();
    },
    disconnect: (isOffline) => context.setOffline(isOffline),
    leave: () => context.close(),
  };
}

/** A picture for those who look later. On a busy machine Chromium now and then has none to give: it is asked again. */
export async function photograph(page: Page, name: string): Promise<void> {
  mkdirSync(artifacts, { recursive: true });
  const path = `${artifacts}${name}.png`;
  const isTaken = () =>
    page.screenshot({ path, fullPage: true }).then(
      () => true,
      () => false,
    );
  await until(isTaken, 20_000);
}
