import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../../spec/helpers/chromium';
import { until } from '../../../spec/helpers/until';
import { type DemoProcess, demoProcess } from './demoProcess';
import { DESKTOP, PHONE, photograph, type Visitor, visitor } from './visitor';

let browser: Browser;
let brief: DemoProcess, lasting: DemoProcess;
const visitors: Visitor[] = [];

beforeAll(async () => {
  [browser, brief, lasting] = await Promise.all([launchChromium(), demoProcess(3), demoProcess(600)]);
});

afterAll(async () => {
  await browser.close();
  const codes = await Promise.all([brief.interrupt(), lasting.interrupt()]);
  expect(codes).toEqual([0, 0]);
});

async function visit(demo: DemoProcess, options = {}): Promise<Visitor> {
  const somebody = await visitor(browser, demo.url, options);
  visitors.push(somebody);
  return somebody;
}

const text = (page: Page, id: string): Promise<string> => page.getByTestId(id).innerText();

/** Waits for an entry of the page's own account. */
const reads = (page: Page, entry: string | RegExp) =>
  page.getByRole('log').getByText(entry).first().waitFor();

interface Result {
  readonly refreshes: number;
  readonly answered: number;
  readonly unauthorized: number;
  readonly failed: number;
}

async function result(page: Page): Promise<Result> {
  await page.locator('[data-testid=result][data-over=true]').waitFor();
  const number = async (id: string) => Number(await text(page, id));
  return {
    refreshes: await number('refreshes'),
    answered: await number('answered'),
    unauthorized: await number('unauthorized'),
    failed: await number('failed'),
  };
}

/** What became of the requests that were fired last; the server's own count may take a moment to arrive. */
async function expectResult(page: Page, wanted: Result): Promise<void> {
  await until(async () => (await result(page)).refreshes >= wanted.refreshes).catch(() => undefined);
  expect(await result(page)).toEqual(wanted);
}

/** The server has refreshed as often as that since `before`, and no oftener. */
async function expectRefreshes(demo: DemoProcess, before: number, times: number): Promise<void> {
  await until(() => demo.count('refreshed') >= before + times).catch(() => undefined);
  expect(demo.count('refreshed') - before).toBe(times);
}

const status = (page: Page, wanted: string) =>
  page.locator(`[data-testid=status][data-status=${wanted}]`).waitFor();

describe('the Angular demo, by clicks', () => {
  it('signs in with one click at the server, and leaves no code in the address', async () => {
    const { open, signIn, leave } = await visit(lasting);
    const page = await open();
    await status(page, 'signed-out');
    await signIn(page, 'Ada');
    await status(page, 'valid');
    expect(await text(page, 'status')).toContain('Ada Lovelace');
    expect(page.url()).toBe(`${lasting.url}/`);
    await reads(page, 'signed in');
    await leave();
  });

  it('renews a token that has expired once for fifty requests, and all are answered', async () => {
    const { open, signIn, leave } = await visit(brief);
    const page = await open('/?lazy');
    await signIn(page, 'Ada');
    const refreshed = brief.count('refreshed');
    await reads(page, 'let the token expire');
    await page.getByText('as it is').click();
    await page.getByTestId('fifty').click();

    await expectResult(page, { refreshes: 1, answered: 50, unauthorized: 0, failed: 0 });
    await expectRefreshes(brief, refreshed, 1);
    await leave();
  });

  it('renews once and sends fifty requests again when the server has ended their token', async () => {
    const { open, signIn, leave } = await visit(lasting);
    const page = await open();
    await signIn(page, 'Ada');
    const refreshed = lasting.count('refreshed');
    await page.getByText('ended by the server').click();
    await page.getByTestId('fifty').click();

    await expectResult(page, { refreshes: 1, answered: 50, unauthorized: 50, failed: 0 });
    await expectRefreshes(lasting, refreshed, 1);
    await leave();
  });

  it('has a second tab take the token over, without a request', async () => {
    const { open, signIn, leave } = await visit(lasting);
    const first = await open();
    await signIn(first, 'Ada');
    const refreshed = lasting.count('refreshed');
    const opening = first.waitForEvent('popup');
    await first.getByTestId('second-tab').click();
    const second = await opening;
    const asked: string[] = [];
    second.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await status(second, 'valid');
    expect(await text(second, 'tab')).toBe('Tab 2');

    // a 401 in the first is what makes a new token
    await first.getByTestId('simulate-401').click();
    await expectResult(first, { refreshes: 1, answered: 1, unauthorized: 1, failed: 0 });
    await reads(second, 'took over the token that another tab had renewed');
    // each sees the other in the picture
    await first.getByText('Tab 2', { exact: true }).first().waitFor();
    await second.getByText('Tab 1', { exact: true }).first().waitFor();

    await expectRefreshes(lasting, refreshed, 1);
    expect(asked).not.toContain('/oidc/token');

    // and with the new token, the second tab's own requests need no other
    await second.getByText('as it is').click();
    await second.getByTestId('fifty').click();
    await expectResult(second, { refreshes: 0, answered: 50, unauthorized: 0, failed: 0 });
    await leave();
  });

  it('tells every tab of a sign-out, and of who signs in next', async () => {
    const { open, signIn, leave } = await visit(lasting);
    const first = await open();
    await signIn(first, 'Ada');
    const second = await open();
    await status(second, 'valid');
    const revoked = lasting.count('revoked');

    await second.getByTestId('sign-out').click();
    await status(first, 'signed-out');
    await status(second, 'signed-out');
    await until(() => lasting.count('revoked') === revoked + 1);

    await signIn(first, 'Grace');
    await status(second, 'valid');
    await second.getByText('Grace Hopper').waitFor();
    await leave();
  });

  it('refreshes once for each expiry while three tabs want to', async () => {
    const { open, signIn, leave } = await visit(brief);
    const first = await open();
    await signIn(first, 'Ada');
    const [second, third] = [await open(), await open()];
    await status(second, 'valid');
    await status(third, 'valid');
    const before = brief.count('refreshed');
    await until(() => brief.count('refreshed') >= before + 5, 60_000);

    expect(brief.count('reused')).toBe(0);
    expect(brief.count('refused')).toBe(0);
    // who is first renews; the other two take over
    const taken = await Promise.all(
      [first, second, third].map((page) => page.locator('.row.mine .marble.hollow').count()),
    );
    expect(taken.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(8);
    await leave();
  });

  it('goes on by itself after the network was away', async () => {
    const { open, signIn, disconnect, leave } = await visit(brief);
    const page = await open();
    await signIn(page, 'Ada');
    await disconnect(true);
    await reads(page, 'could not renew the token, and will try again');
    await reads(page, 'let the token expire');
    const refreshed = brief.count('refreshed');
    await disconnect(false);
    await until(() => brief.count('refreshed') > refreshed, 40_000);
    await status(page, 'valid');
    expect(brief.count('reused')).toBe(0);
    await leave();
  });

  it('says nothing of a token to other tabs', async () => {
    const { open, signIn, leave } = await visit(lasting);
    const first = await open();
    await first.evaluate(() => {
      const heard: string[] = [];
      Object.assign(window, { heard });
      const post = BroadcastChannel.prototype.postMessage;
      BroadcastChannel.prototype.postMessage = function (message: unknown) {
        heard.push(JSON.stringify(message));
        post.call(this, message);
      };
    });
    const second = await open();
    await signIn(second, 'Ada');
    await status(first, 'valid');
    await first.getByTestId('simulate-401').click();
    await result(first);

    const { heard, tokens } = await first.evaluate(() => ({
      heard: (window as unknown as { heard: string[] }).heard.join('\n'),
      tokens: Object.values(localStorage).flatMap((value) =>
        [...String(value).matchAll(/"(?:access|refresh|id)_token":"([^"]+)"/g)].map(([, token]) => token),
      ),
    }));
    expect(heard).toContain('unauthorized');
    expect(tokens).toHaveLength(3);
    for (const token of tokens) expect(heard).not.toContain(token);
    await leave();
  });

  it.each([
    ['desktop', 'light', DESKTOP],
    ['desktop', 'dark', DESKTOP],
    ['phone', 'light', PHONE],
    ['phone', 'dark', PHONE],
  ] as const)('fits a %s, %s', async (device, colorScheme, viewport) => {
    const { open, signIn, leave } = await visit(brief, { colorScheme, viewport, deviceScaleFactor: 2 });
    const page = await open();
    await status(page, 'signed-out');
    await photograph(page, `${device}-${colorScheme}-signed-out`);
    expect(await overflow(page)).toBe(0);

    await signIn(page, 'Ada');
    const second = await open();
    await status(second, 'valid');
    await second.getByText('ended by the server').click();
    await second.getByTestId('fifty').click();
    await result(second);
    await page.getByTestId('fifty').click();
    await result(page);
    await reads(page, 'took over the token that another tab had renewed');
    await photograph(page, `${device}-${colorScheme}-signed-in`);
    expect(await overflow(page)).toBe(0);
    expect(await lowestTarget(page)).toBeGreaterThanOrEqual(38);
    await page.getByRole('img', { name: 'The life of the token in each tab' }).waitFor();

    await page.getByTestId('sign-out').click();
    await status(second, 'signed-out');
    await leave();
  });

  it('meets no error that nobody has caught', () => {
    expect(visitors.flatMap(({ errors }) => errors)).toEqual([]);
    expect(visitors.length).toBeGreaterThan(5);
  });
});

/** By how many px the page is wider than what it is seen through. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));

/** What a finger has to hit, in px. */
const lowestTarget = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const heights = [...document.querySelectorAll('button, .button, label')].map(
      (it) => it.getBoundingClientRect().height,
    );
    return Math.min(...heights);
  });
