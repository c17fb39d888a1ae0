import { afterAll, it } from '@jest/globals';
import { type OwnRedis, redisBinary, startRedis } from './startRedis.js';

const isThere = redisBinary() !== undefined;
const url = process.env['REDIS_URL'];

if (!isThere && process.env['REQUIRE_SERVICES'] === '1' && url === undefined) {
  throw new Error(
    'REQUIRE_SERVICES=1, and neither REDIS_URL nor a redis-server or valkey-server on the PATH',
  );
}
const missing = 'no redis-server or valkey-server on the PATH: apt-get install -y redis-server';
if (!isThere) console.warn(`SKIPPED, what needs a Redis server of its own: ${missing}`);

/** For specs that need any server: skipped, visibly, where there is none. */
export const itWithRedis: typeof it.skip = isThere || url !== undefined ? it : it.skip;
/** For specs that stop, kill or configure their server. */
export const itWithOwnRedis: typeof it.skip = isThere ? it : it.skip;

const toClose = new Set<() => unknown>();
afterAll(async () => {
  for (const close of [...toClose].reverse()) await close();
  toClose.clear();
});

/** Does this when the file is through. */
export function finally_(close: () => unknown): void {
  toClose.add(close);
}

let ours: Promise<OwnRedis> | undefined;

/** The address of a server: that of `REDIS_URL`, else one server for each spec file. */
export async function redisUrl(): Promise<string> {
  if (url !== undefined) return url;
  ours ??= ownRedis();
  return (await ours).url;
}

/** A server of one's own, ended with the file at the latest. */
export async function ownRedis(...settings: string[]): Promise<OwnRedis> {
  const server = await startRedis(...settings);
  finally_(() => server.stop());
  return server;
}
