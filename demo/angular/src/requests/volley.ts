/** Of one request: what became of it so far. `again` is a replay, after a 401. */
type Fate = 'waiting' | 'sent' | 'unauthorized' | 'again' | 'answered' | 'failed';

/** Requests that were made at once. */
export interface Volley {
  readonly fates: readonly Fate[];
  /** How many 401s were met on the way. */
  readonly unauthorized: number;
  readonly startedAt: number;
  readonly endedAt?: number;
}

export type Turn = { readonly index: number; readonly fate: Exclude<Fate, 'waiting' | 'again'> } | 'over';

export const blankVolley = (count: number): Volley => ({
  fates: Array.from({ length: count }, () => 'waiting'),
  unauthorized: 0,
  startedAt: Date.now(),
});

/** The volley after something happened to one of its requests: a reducer. */
export function volleyAfter(volley: Volley, turn: Turn): Volley {
  if (turn === 'over') return { ...volley, endedAt: Date.now() };
  const { index, fate } = turn;
  const isReplay = fate === 'sent' && volley.fates[index] === 'unauthorized';
  return {
    ...volley,
    fates: volley.fates.with(index, isReplay ? 'again' : fate),
    unauthorized: volley.unauthorized + (fate === 'unauthorized' ? 1 : 0),
  };
}
