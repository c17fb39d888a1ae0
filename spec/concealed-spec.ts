import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { of, Subject } from 'rxjs';
import { concealed } from '../src/concealed.js';

describe('concealed', () => {
  it('emits what the inner observable emits, and completes with it', () => {
    const seen: unknown[] = [];
    concealed(of('A', 'B')).subscribe({ next: (value) => seen.push(value), complete: () => seen.push('|') });
    expect(seen).toEqual(['A', 'B', '|']);
  });

  it('shows nothing of what is inside, nor a way in', () => {
    const inner$ = Object.assign(new Subject<string>(), { held: 'a secret' });
    expect(inspect(concealed(inner$), { depth: null, showHidden: true })).not.toContain('secret');
    expect(concealed(inner$)).not.toHaveProperty('next');
  });
});
