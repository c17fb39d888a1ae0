/** Of a lease that lasts as long as its holder wants. */
export const NEVER_ABORTS: AbortSignal = new AbortController().signal;
