import type { Settings } from './readOptions.js';

/** What oauth4webapi hands to a `fetch`. */
interface Init {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: URLSearchParams | undefined;
  readonly redirect: 'manual';
}

export type Send = (url: string, init: Init, signal: AbortSignal | undefined) => Promise<Response>;

/** Sends what oauth4webapi has made, with the headers of the options, and as JSON where the provider wants that. */
export function sender({ fetch, headers: given, profile }: Settings): Send {
  return async (url, { method, headers, body, redirect }, signal) => {
    const isJson = profile.requestFormat === 'json' && body;
    const all = { ...headers, ...(isJson && { 'content-type': 'application/json' }), ...given };
    const content = isJson ? JSON.stringify(Object.fromEntries(body)) : body;
    const init = { method, redirect, headers: all, ...(content && { body: content }) };
    return fetch(url, signal ? { ...init, signal } : init);
  };
}
