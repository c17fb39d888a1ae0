import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { cruise, type ICruiseOptions } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';

let options: ICruiseOptions;

beforeAll(async () => {
  options = await extractDepcruiseOptions(resolve('.dependency-cruiser.mjs'));
});

/** Every import in the `src` of a folder that breaks a rule: `rule: file -> what it imports`. */
async function offences(folder: string): Promise<string[]> {
  const { output } = await cruise(['src'], { ...options, baseDir: folder });
  if (typeof output === 'string') throw new TypeError(output);
  if (output.summary.totalCruised === 0) throw new TypeError(`nothing to look at in ${folder}`);
  return output.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort();
}

describe('the rooms of the house', () => {
  it('are entered only by the doors that design.md section 5 names', async () => {
    expect(await offences(process.cwd())).toEqual([]);
  }, 60_000);

  it('would tell who came in by the window', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rx-token-structure-'));
    const put = (file: string, text: string) => {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    };
    try {
      put('package.json', '{ "peerDependencies": { "rxjs": "*" }, "devDependencies": { "jest": "*" } }');
      put('node_modules/rxjs/index.js', '');
      put('node_modules/jest/index.js', '');
      put('src/validity.ts', `import './events.js'; import 'rxjs'; import type { Observable } from 'rxjs';`);
      put('src/events.ts', `import './refresh.js';`);
      put('src/timerAt.ts', `import 'rxjs'; import './validity.js';`);
      put('src/refresh.ts', `import './timerAt.js'; import './stores/memoryStore.js'; import './gone.js';`);
      put(
        'src/manager.ts',
        `import './refresh.js'; import './stores/memoryStore.js'; import './node/index.js';`,
      );
      put('src/stores/memoryStore.ts', `import '../validity.js'; import './lock.js'; import 'node:fs';`);
      put('src/stores/lock.ts', `import 'jest';`);
      put('src/node/index.ts', `import 'node:fs'; import '../stores/lock.js'; import '../timerAt.js';`);
      put(
        'src/redis/index.ts',
        `import type { Lock } from '../stores/lock.js'; import '../testing/index.js';`,
      );
      put('src/index.ts', `import './manager.js';`);
      put('src/angular/index.ts', `import '../index.js'; import '../validity.js'; import '../refresh.js';`);
      put('src/fetch/index.ts', `import '../index.js';`);
      put('src/testing/index.ts', `import '../manager.js'; import 'node:http'; import 'node:child_process';`);

      expect(await offences(folder)).toEqual([
        'adapters-apart: src/node/index.ts -> src/stores/lock.ts',
        'adapters-apart: src/redis/index.ts -> src/stores/lock.ts',
        'adapters-import-pure: src/fetch/index.ts -> src/index.ts',
        'adapters-import-pure: src/node/index.ts -> src/stores/lock.ts',
        'adapters-import-pure: src/node/index.ts -> src/timerAt.ts',
        'adapters-import-pure: src/redis/index.ts -> src/testing/index.ts',
        'angular-wires-the-root: src/angular/index.ts -> src/refresh.ts',
        'core-imports-rxjs: src/stores/lock.ts -> node_modules/jest/index.js',
        'core-stays-at-home: src/manager.ts -> src/node/index.ts',
        'declared: src/stores/lock.ts -> node_modules/jest/index.js',
        'inside-imports-pure-and-operators: src/refresh.ts -> src/stores/memoryStore.ts',
        'no-cycles: src/events.ts -> src/refresh.ts',
        'no-cycles: src/refresh.ts -> src/timerAt.ts',
        'node-in-node: src/stores/memoryStore.ts -> fs',
        'operators-import-rxjs: src/timerAt.ts -> src/validity.ts',
        'pure-does-not-run-rxjs: src/validity.ts -> node_modules/rxjs/index.js',
        'pure-imports-pure: src/events.ts -> src/refresh.ts',
        'resolvable: src/refresh.ts -> ./gone.js',
        'testing-is-for-tests: src/redis/index.ts -> src/testing/index.ts',
        'testing-serves-http: src/testing/index.ts -> child_process',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});
