import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seconds } from './helpers/inVirtualTime.js';
import { type Move, play, type Step, withoutLock, type WorldConfig } from './helpers/world.js';

/*
 * Random interleavings with a strict authorization server as the only judge. A failure prints its seed and the
 * shortest steps that lead there: give both to `fc.assert` as `{ seed, path }` to see it again.
 */

const harmless: Move[] = [
  ...([
    'ask',
    'ask and leave',
    'renew',
    'invalidate',
    'peek',
    'subscribe',
    'unsubscribe',
    'restart',
    'touch',
  ] as const),
];
const changes: Move[] = ['sign in', 'sign out'];
const mishaps: Move[] = ['down', 'slow', 'full'];

function steps(moves: readonly Move[], maxLength = 30): fc.Arbitrary<Step[]> {
  const step = fc.record({
    at: fc.integer({ min: 0, max: seconds(60) }),
    who: fc.nat(2),
    move: fc.constantFrom(...moves),
  });
  return fc.array(step, { maxLength, size: 'max' });
}

interface WorldSize {
  readonly managers: number;
  readonly seed: number;
}
const world: fc.Arbitrary<WorldSize> = fc.record({
  managers: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer(),
});

function holds(
  moves: readonly Move[],
  judge: (outcome: ReturnType<typeof play>) => void,
  more: Partial<WorldConfig> = {},
) {
  return fc.property(steps(moves), world, (steps, { managers, seed }) => {
    const outcome = play(steps, { managers, seed, ...more });
    expect(outcome.complaints).toEqual([]);
    judge(outcome);
  });
}

const neverReused = ({ server }: ReturnType<typeof play>): void =>
  expect(server.counters).toMatchObject({ reuses: 0, familiesRevoked: 0 });
/** More of them: `RUNS=20 npm run test:specs -- interleavings`. The limit is for the search for the shortest steps. */
const times = (numRuns: number) => ({
  numRuns: numRuns * Number(process.env['RUNS'] ?? 1),
  interruptAfterTimeLimit: 60_000 * Number(process.env['RUNS'] ?? 1),
});
const runs = times(50);

/** What was found once stays found: `[at, who, move]`, and how many managers. */
const found = (moves: [number, number, Move][], managers: number, seed = 0): [Step[], WorldSize] => [
  moves.map(([at, who, move]) => ({ at, who, move })),
  { managers, seed },
];

describe('whatever the order in which callers, 401s, restarts and siblings come', () => {
  it('no refresh token is presented twice, and everybody is served what is valid', () => {
    fc.assert(holds(harmless, neverReused), runs);
  });

  it('also when people sign in and out', () => {
    fc.assert(holds([...harmless, ...changes], neverReused), runs);
  });

  it('also when the provider is down or slow, and the disk full', () => {
    fc.assert(holds([...harmless, ...mishaps], neverReused), runs);
  });

  it('also with all of it at once', () => {
    fc.assert(holds([...harmless, ...changes, ...mishaps], neverReused), {
      ...times(100),
      examples: [
        found(
          [
            [0, 0, 'subscribe'],
            [0, 0, 'full'],
            [7_197, 1, 'sign in'],
          ],
          2,
        ),
        found(
          [
            [0, 0, 'slow'],
            [0, 0, 'slow'],
            [0, 0, 'full'],
            [5_000, 2, 'ask'],
            [10_280, 0, 'sign in'],
            [10_281, 2, 'ask'],
          ],
          3,
        ),
        found(
          [
            [0, 0, 'subscribe'],
            [5, 0, 'down'],
            [8, 0, 'slow'],
            [17_266, 0, 'sign in'],
            [22_267, 0, 'restart'],
            [23_737, 0, 'full'],
            [36_011, 0, 'invalidate'],
            [36_363, 0, 'ask'],
            [38_102, 0, 'restart'],
            [39_332, 0, 'renew'],
          ],
          1,
          -1_975_530_214,
        ),
      ],
    });
  });

  it('also when refreshes run ahead, with jitter, and callers do not wait', () => {
    fc.assert(
      holds([...harmless, ...mishaps], neverReused, {
        manager: { refreshAheadMs: 2_000, jitterMs: 1_000, maxWaitMs: 0 },
      }),
      runs,
    );
  });
});

describe('whatever is lost on the way', () => {
  const losses: Move[] = ['lost', 'late'];

  it('a lost answer costs one reuse at most', () => {
    fc.assert(
      fc.property(steps([...harmless, ...mishaps, ...losses]), world, (steps, { managers, seed }) => {
        const { server, complaints } = play(steps, { managers, seed });
        const lost = steps.filter(({ move }) => losses.includes(move)).length;
        expect(server.counters.reuses).toBeLessThanOrEqual(lost);
        if (server.counters.reuses === 0) expect(complaints).toEqual([]);
      }),
      {
        ...runs,
        examples: [
          found(
            [
              [0, 0, 'late'],
              [0, 0, 'subscribe'],
              [0, 0, 'full'],
              [15_092, 0, 'restart'],
              [15_585, 0, 'ask'],
            ],
            1,
          ),
        ],
      },
    );
  });

  it('nothing where the provider does not mind', () => {
    fc.assert(
      holds([...harmless, ...changes, ...mishaps, ...losses], neverReused, {
        server: { rotation: 'none' },
        manager: { provider: 'google' },
      }),
      runs,
    );
  });

  it('nothing inside a grace that is long enough', () => {
    fc.assert(
      holds([...harmless, ...changes, ...mishaps, ...losses], neverReused, {
        server: { rotation: { graceMs: seconds(600), kind: 'idempotent' } },
        manager: { provider: { name: 'graceful', reuse: { graceMs: seconds(600) } } },
      }),
      runs,
    );
  });
});

describe('the proof that this can fail', () => {
  it('without the lock a refresh token is presented twice', () => {
    const { failed, counterexample } = fc.check(holds(harmless, neverReused, { store: withoutLock }), {
      numRuns: 300,
      endOnFailure: true,
    });

    expect(failed).toBe(true);
    expect(counterexample).not.toBeNull();
  });
});
