import type { Happening } from './happening';
import type { Attempt, Lane, Life, Mark } from './lane';

/** What is older was carried out of every picture. */
export const REMEMBERED_MS = 180_000;
/** Fifty 401s of one burst are one thing to look at. */
const AT_ONCE_MS = 600;

/** The lane after something happened: a reducer. */
export function developed(lane: Lane, happening: Happening): Lane {
  switch (happening.type) {
    case 'mark':
      return recent({ ...lane, marks: withMark(lane.marks, happening.mark) }, happening.mark.at);
    case 'life':
      return recent({ ...lane, lives: withLife(lane.lives, happening.life, happening.at) }, happening.at);
    case 'attempt':
      return { ...lane, attempts: withAttempt(lane.attempts, happening.attempt) };
    case 'closed': {
      const { closedAt: _, ...open } = lane;
      return happening.at === undefined ? open : { ...open, closedAt: happening.at };
    }
  }
}

function withMark(marks: readonly Mark[], mark: Mark): readonly Mark[] {
  const last = marks.findLast(({ type }) => type === mark.type);
  if (!last || mark.type !== 'unauthorized' || mark.at - last.at > AT_ONCE_MS) return [...marks, mark];
  return marks.map((known) => (known === last ? { ...last, times: (last.times ?? 1) + 1 } : known));
}

function withLife(lives: readonly Life[], life: Life | undefined, at: number): readonly Life[] {
  const ended = lives.map((known) => (known.until === undefined ? { ...known, until: at } : known));
  return life ? [...ended, life] : ended;
}

function withAttempt(attempts: readonly Attempt[], attempt: Attempt): readonly Attempt[] {
  return [...attempts.filter(({ id }) => id !== attempt.id), attempt];
}

function recent(lane: Lane, now: number): Lane {
  const isRecent = (at: number | undefined): boolean => at === undefined || at > now - REMEMBERED_MS;
  return {
    ...lane,
    marks: lane.marks.filter(({ at }) => isRecent(at)),
    lives: lane.lives.filter(({ until }) => isRecent(until)),
    attempts: lane.attempts.filter(({ until }) => isRecent(until)),
  };
}
