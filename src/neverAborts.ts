/** Of a lease that lasts as long as its holder wants. */
export const NEVER_ABORTS = new AbortController().signal;
