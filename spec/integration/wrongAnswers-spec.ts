import { describe, expect, it } from '@jest/globals';
import { endingOf, seededProviders, wrongAnswers } from '../helpers/wrongAnswers.js';

describe.each(seededProviders)('%s', (provider) => {
  it.each(wrongAnswers.map((wrong) => [wrong.name, wrong] as const))('%s', async (_name, wrong) => {
    const { ending, waitMs } = await endingOf(provider, wrong);
    expect(ending).toBe(wrong.ending);
    expect(waitMs).toBeGreaterThan(wrong.retryAfterMs ?? -Infinity);
  });
});
