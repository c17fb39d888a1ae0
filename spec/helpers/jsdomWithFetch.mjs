import { TestEnvironment } from 'jest-environment-jsdom';

const NAMES = ['fetch', 'Request', 'Response', 'Headers', 'ReadableStream', 'TextDecoder', 'TextEncoder'];
/** Of those of jsdom, the `fetch` of Node knows nothing. */
const IN_PLACE = ['AbortController', 'AbortSignal'];

/** What browsers have and jsdom has not: the `fetch` of Node. (Its types would make all specs believe in a DOM.) */
export default class JsdomWithFetch extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const name of [...NAMES, ...IN_PLACE]) this.global[name] = globalThis[name];
  }
}
