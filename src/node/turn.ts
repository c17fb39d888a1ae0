const tails = new Map<string, Promise<unknown>>();

/** How long somebody waits. A signal costs more than a free lock does: it is asked for by who has to wait. */
export interface Patience {
  readonly signal: AbortSignal;
}

/**
 * Waits, first come first served, until nobody else in this process is at `key`; resolves with what ends the
 * turn. Whoever gives up leaves the queue: those behind do not notice, and do not overtake.
 */
export async function turn(key: string, patience: Patience): Promise<() => void> {
  const ahead = tails.get(key);
  const { promise: ended, resolve: end } = withResolvers();
  const tail = ahead ? ahead.then(() => ended) : ended;
  tails.set(key, tail);
  void tail.then(() => tails.get(key) === tail && tails.delete(key));
  if (!ahead) return end;

  const { signal } = patience;
  const { promise: gaveUp, resolve: giveUp } = withResolvers();
  signal.addEventListener('abort', giveUp);
  if (!signal.aborted) await Promise.race([ahead, gaveUp]);
  signal.removeEventListener('abort', giveUp);
  if (signal.aborted) end();
  signal.throwIfAborted();
  return end;
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
