import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

describe('the lock file of the demo', () => {
  const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
  const { packages } = JSON.parse(lock) as {
    packages: Record<string, { resolved?: string; integrity?: string; link?: true }>;
  };

  it('names no registry', () => {
    expect(lock).not.toMatch(/https?:\/\/[^"]*\.tgz/);
  });

  it('takes whatever tarball of rx-token was packed: `npm ci` would refuse any but one with an integrity', () => {
    // `npm install` in demo/angular writes it: take that line out again
    expect(packages['node_modules/rx-token']).toMatchObject({ resolved: 'file:rx-token.tgz' });
    expect(packages['node_modules/rx-token']).not.toHaveProperty('integrity');
    expect(packages['node_modules/rx-token']).not.toHaveProperty('link');
  });
});
