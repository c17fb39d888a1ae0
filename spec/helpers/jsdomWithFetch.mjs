import { TestEnvironment } from 'jest-environment-jsdom';

/** What browsers have and jsdom has not: the `fetch` of Node. (Its types would make all specs believe in a DOM.) */
export default class JsdomWithFetch extends TestEnvironment {
  async setup() {
    await super.setup();
    Object.assign(this.global, {
      fetch,
      Request,
      Response,
      Headers,
      ReadableStream,
      TextDecoder,
      TextEncoder,
    });
    Object.assign(this.global, { AbortController, AbortSignal }); // it knows no others
  }
}
