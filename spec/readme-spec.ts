import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import '@angular/compiler'; // without which nothing of Angular can be imported
import * as angular from '../src/angular/index.js';
import * as browser from '../src/browser/index.js';
import { readConfig } from '../src/config.js';
import * as fetching from '../src/fetch/index.js';
import * as root from '../src/index.js';
import * as providers from '../src/providers/index.js';
import * as node from '../src/node/index.js';
import * as oauth from '../src/oauth/index.js';
import * as postgres from '../src/postgres/index.js';
import * as redis from '../src/redis/index.js';
import * as testing from '../src/testing/index.js';
import { compile, type Compiled } from './helpers/compiled.js';
import { anchorsOf, type Block, blocksOf, linksOf, subjectOf, table, words } from './helpers/markdown.js';
import { type Run, runExamples } from './helpers/runExamples.js';

const readme = readFileSync('README.md', 'utf8');
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  name: string;
  engines: { node: string };
  scripts: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, unknown>;
};

const blocks = blocksOf(readme);
const examples = blocks.filter(({ language }) => language === 'ts');
const runnable = examples.filter(({ marks }) => marks.includes('run'));
const moduleOf = ({ line }: Block): string => `README.md.${line}.ts`;

/** What the examples use without saying where it comes from, and `fetch`: see those files. */
const preamble = `
  declare const greeter: typeof import('./spec/helpers/worlds/greeter.js').greeter;
  declare const location: import('./spec/helpers/worlds/page.js').PageLocation;
  declare const sessionStorage: typeof import('./spec/helpers/readmeWorld.js').sessionStorage;
  declare const refreshWithProvider: typeof import('./spec/helpers/readmeWorld.js').refreshWithProvider;
  declare const socket: typeof import('./spec/helpers/readmeWorld.js').socket;
  declare const tokenResponse: typeof import('./spec/helpers/readmeWorld.js').tokenResponse;
  declare const tokens: typeof import('./spec/helpers/readmeWorld.js').tokens;
`;

let runs: Map<Block, Run>;
let cleanUp: () => void;
let compiled: Compiled;

beforeAll(async () => {
  [runs, cleanUp] = await runExamples(runnable);
  compiled = compile(
    new Map([
      ['README.md.d.ts', preamble],
      // lines in front, so that theirs are those of the README
      ...examples.map(
        (block) =>
          [moduleOf(block), `${'\n'.repeat(block.line - 1)}${block.code}\nexport {};`] as [string, string],
      ),
      ['wrong.ts', `import { createTokenManager } from 'rx-token';\ncreateTokenManager({ skew: 60 });`],
      ['src/node/index.ts', readFileSync('src/node/index.ts', 'utf8')],
    ]),
  );
}, 60_000);

afterAll(() => cleanUp());

describe('the examples of the README', () => {
  it('are marked as what they are, so that none goes unnoticed', () => {
    const kinds = blocks.map(({ language, marks }) => [language, ...marks.slice(0, 1)].join(' '));
    expect([...new Set(kinds)].sort()).toEqual(['sh', 'text', 'ts', 'ts run']);
    expect(runnable.length).toBeGreaterThan(10);
  });

  it('begin with one of ten lines, which is seen without scrolling', () => {
    const lines = examples[0]!.code.trim().split('\n');
    expect(lines.filter((line) => line !== '').length).toBeLessThanOrEqual(10);
    expect(examples[0]!.line + lines.length).toBeLessThan(25);
  });

  it('pass the type check, which sees what is wrong', () => {
    expect(examples.flatMap((block) => compiled.complaints(moduleOf(block)))).toEqual([]);
    expect(compiled.complaints('wrong.ts')).toEqual([expect.stringMatching(/^2: .*'skew'/)]);
  });

  it.each(runnable.map((block) => [block.line, block] as const))(
    'run, and print what stands behind `// →`: line %d',
    (_, block) => {
      const promised = [...block.code.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text);
      const { code, stdout, stderr } = runs.get(block)!;
      const complaints = stderr.filter((line) => !line.startsWith('socket.login'));
      expect({ code, stdout, complaints }).toEqual({ code: 0, stdout: promised, complaints: [] });
    },
  );

  it('have real effects: the first one refreshes the file in the home folder, and tells the socket', () => {
    const { home, stderr } = runs.get(runnable[0]!)!;
    const file = join(home, '.myapp/credentials.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      access_token: 'access-2',
      refresh_token: 'refresh-2',
    });
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(stderr).toEqual(['socket.login access-2']);
  });

  it('for the shell name what there is to install and to run', () => {
    const optional = Object.keys(manifest.peerDependenciesMeta);
    const peers = Object.keys(manifest.peerDependencies).filter((name) => !optional.includes(name));
    const install = `npm install ${[manifest.name, ...peers].join(' ')}`;
    const shell = blocks.filter(({ language }) => language === 'sh');
    const commands = [...shell.flatMap(({ code }) => code.trim().split('\n')), ...words(readme)];
    const scripts = commands
      .filter((command) => command.startsWith('npm ') && ![install, 'npm ci'].includes(command))
      .map((command) => /^npm (?:run )?([\w:]+)/.exec(command)?.[1]);
    expect(commands).toContain(install);
    expect(scripts).toContain('start');
    expect(scripts.filter((script) => !Object.keys(manifest.scripts).includes(script ?? ''))).toEqual([]);
  });
});

describe('the tables of the README', () => {
  const subjects = (heading: string): string[] => table(readme, heading).map(subjectOf);
  const column = (heading: string, nth: number): Record<string, string[]> =>
    Object.fromEntries(table(readme, heading).map((row) => [subjectOf(row), words(row[nth] ?? '')]));
  const fieldsOf = (file: string, name: string): string[] => compiled.fields(compiled.type(file, name));
  const grouped = (number: number): string => number.toLocaleString('en').replaceAll(',', ' ');

  it.each([
    ['member', 'src/tokenManager.ts', 'TokenManager'],
    ['option of a call', 'src/tokenManager.ts', 'TokenOptions'],
    ['option', 'src/config.ts', 'TokenManagerConfig'],
    ['option of `bearerFetch`', 'src/fetch/bearerFetch.ts', 'BearerFetchConfig'],
    ['option of `withToken`', 'src/withToken.ts', 'WithTokenOptions'],
    ['option of a grant', 'src/oauth/clientOptions.ts', 'GrantOptions'],
    ['option of `fileStore`', 'src/node/fileStore.ts', 'FileStoreOptions'],
    ['option of `encrypted`', 'src/stores/encrypted/readEncryption.ts', 'EncryptionOptions'],
    ['option of `redisStore`', 'src/redis/redisStore.ts', 'RedisStoreOptions'],
    ['option of `postgresStore`', 'src/postgres/postgresStore.ts', 'PostgresStoreOptions'],
    ['option in a browser', 'src/browser/indexedDbStore.ts', 'IndexedDbStoreOptions'],
    ['field', 'src/credentials.ts', 'Credentials'],
  ])('have every %s, and no other', (heading, file, name) => {
    expect(subjects(heading).sort()).toEqual(fieldsOf(file, name).sort());
  });

  it('have the defaults', () => {
    const settings = readConfig({ refresh: () => ({ access_token: 'access' }) });
    const defaults = Object.entries(settings)
      .filter(([name]) => name.endsWith('Ms'))
      .map(([name, value]) => [name, 'ms', grouped(value as number)]);
    const rows = table(readme, 'option').map((row) => [subjectOf(row), ...row.slice(1, 3)]);
    expect(rows.filter(([name]) => name?.endsWith('Ms')).sort()).toEqual(defaults.sort());
    expect(rows).toContainEqual(['strictPersist', '', `\`${settings.strictPersist}\``]);
    expect(rows).toContainEqual(['provider', '', `\`'${settings.profile.name}'\``]);
  });

  it('have every state, and what it carries', () => {
    const states = compiled.cases(compiled.type('src/held.ts', 'TokenState'), 'status');
    expect(column('`status`', 1)).toEqual(states);
  });

  it('have every event, and what it carries', () => {
    const events = compiled.cases(compiled.type('src/events.ts', 'TokenEvent'), 'type', ['at']);
    expect(column('`type`', 1)).toEqual(events);
  });

  it('have every error code, and its class', () => {
    const classes = Object.entries(root)
      .filter(([, value]) => typeof value === 'function' && value.prototype instanceof root.TokenError)
      .map(([name]) => name);
    const codes = classes.flatMap((name) => {
      const code = compiled.field(compiled.type('src/errors.ts', name), 'code');
      return compiled.literals(code).map((one) => [one, [name]] as const);
    });
    expect(column('`code`', 1)).toEqual(Object.fromEntries(codes));
    const all = compiled.literals(compiled.type('src/errors.ts', 'TokenErrorCode'));
    expect(subjects('`code`').sort()).toEqual(all.sort());
  });

  it('have every provider profile, as it is', () => {
    const isProfile = (value: unknown): value is root.ProviderProfile =>
      typeof value === 'object' && value !== null && 'reuse' in value;
    const profiles = Object.values<unknown>(providers).filter(isProfile);
    const rows = profiles.map(({ name, reuse, defaultLifetimeMs, terminalErrors = [] }) => [
      `\`${name}\``,
      typeof reuse === 'string' ? `\`${reuse}\`` : `\`graceMs\` ${grouped(reuse.graceMs)}`,
      defaultLifetimeMs === undefined ? '' : grouped(defaultLifetimeMs),
      terminalErrors.map((code) => `\`${code}\``).join(', '),
    ]);
    const told = table(readme, 'profile').map((row) => row.slice(0, 4));
    expect(told.sort()).toEqual(rows.sort());
  });

  it('are followed by every field of a profile, and by what a callback is told', () => {
    const listed = [...readme.matchAll(/^- `(\w+)`/gm)].map(([, field]) => field);
    expect(listed).toEqual(expect.arrayContaining(fieldsOf('src/profile.ts', 'ProviderProfile')));
    const told = fieldsOf('src/config.ts', 'RefreshContext').join(', ');
    expect(readme).toContain(`\`context\` is \`{ ${told} }\``);
  });

  it('link a spec for every guarantee', () => {
    const proofs = table(readme, 'guarantee').map(([, proof = '']) => linksOf(proof));
    const isSpec = (link: string) => /^spec\/[\w/-]+-spec\.ts$/.test(link);
    expect(proofs.filter((links) => links.length === 0 || !links.every(isSpec))).toEqual([]);
  });
});

describe('the README', () => {
  it('names everything that can be imported', () => {
    const names = [root, node, browser, angular, redis, postgres, testing, fetching, oauth].flatMap((entry) =>
      Object.keys(entry),
    );
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
  });

  it('has no dead link to a file or to a heading', () => {
    const links = linksOf(readme).filter((link) => !link.startsWith('https:'));
    const leads = (link: string) =>
      link.startsWith('#') ? anchorsOf(readme).includes(link) : existsSync(link);
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((link) => !leads(link))).toEqual([]);
  });

  it('asks for the Node and the rxjs that the package asks for', () => {
    expect(readme).toContain(`Node ${manifest.engines.node.replace('>=', '')} or later`);
    expect(readme).toContain(`rxjs ${manifest.peerDependencies['rxjs']?.replace(/^\^|\.0$/g, '')} or later`);
  });
});
