/**
 * A small generator of chance that can be replayed: equal seeds give equal sequences, on every engine.
 *
 * It is mulberry32: 32 bits of state, period 2³², good enough to shuffle a test, useless for secrets. Each
 * call of what it returns gives the next number in [0, 1), as `Math.random` does; so it fits a manager's
 * `random`.
 *
 * @param seed any number; only its lowest 32 bits count. Print it when a test fails, to run the same again.
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
