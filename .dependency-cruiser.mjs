/**
 * The import rules of the house (spec/structure-spec.ts enforces them, and proves that they can fail).
 * A file in src that no list below names is inside: it follows the rule of `refresh` and `proactive`.
 */
const pureFiles = [
  ...['credentials', 'fingerprint', 'validity', 'jwt', 'tokenResponse', 'mergeRotation', 'sameAccount'],
  ...[
    'firstCredentials',
    'transitions',
    'isRejected',
    'headerOf',
    'leaseThrough',
    'bearerError',
    'targets',
    'isLoopback',
    'isStream',
    'assertFit',
    'longestDelay',
    'neverAborts',
    'discard',
    'classify',
    'parseBody',
    'retryPolicy',
    'decide',
    'held',
    'journal',
    'storedText',
    'errors',
    'events',
    'contracts',
    'profile',
  ],
];
const pure = `^src/(${pureFiles.join('|')})\\.ts$|^src/providers/`;
const operators =
  '^src/(singleFlight|timerAt|tapAwait|orElseThrow|abortOf|concealed|mutex|orderedSubject|unrefScheduler|disposable)\\.ts$';
const wiring = '^src/(index|manager|config|tokenManagers|tokenManagersConfig|withToken)\\.ts$';
const adapters = '^src/(?!providers/|testing/)([^/]+)/'; // stores node browser angular fetch oauth redis postgres
const shared = '^src/(mutex|concealed|orAbort|unrefScheduler|stores/memoryStore)\\.ts$';
const inTheRoot = '^src/[^/]+\\.ts$';
const testing = '^src/testing/';
const rxjs = 'node_modules/rxjs/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared',
      comment: 'Users install what is a dependency or a peer, not what is here for development.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'pure-imports-pure',
      comment: 'Pure files import nothing but pure files (of rxjs, its types).',
      severity: 'error',
      from: { path: pure },
      to: { pathNot: [pure, rxjs] },
    },
    {
      name: 'pure-does-not-run-rxjs',
      comment: 'Pure files import nothing but pure files (of rxjs, its types).',
      severity: 'error',
      from: { path: pure },
      to: { path: rxjs, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'operators-import-rxjs',
      comment: 'Operators import rxjs only.',
      severity: 'error',
      from: { path: operators },
      to: { pathNot: rxjs },
    },
    {
      name: 'inside-imports-pure-and-operators',
      comment: 'refresh and proactive import pure code, operators and contracts.',
      severity: 'error',
      from: { path: inTheRoot, pathNot: [pure, operators, wiring] },
      to: { path: [wiring, '^src/[^/]+/'], pathNot: pure, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-stays-at-home',
      comment: 'The manager wires the core and its stores, and knows no entry point.',
      severity: 'error',
      from: { path: wiring },
      to: { path: '^src/[^/]+/', pathNot: ['^src/stores/', pure] },
    },
    {
      name: 'core-imports-rxjs',
      comment: 'Of other packages the core and its stores import rxjs only.',
      severity: 'error',
      from: { path: [inTheRoot, '^src/(stores|providers)/'] },
      to: { path: 'node_modules/', pathNot: rxjs },
    },
    {
      name: 'adapters-import-pure',
      comment:
        "Adapters import contracts, types and pure code (and the mutex, what conceals, what hears a signal, the scheduler that lets a process end, and memoryStore for where nothing else can keep anything), never each other, never the manager's insides.",
      severity: 'error',
      from: { path: adapters, pathNot: '^src/angular/' },
      to: {
        path: '^src/',
        pathNot: [pure, shared, '^src/$1/'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'angular-wires-the-root',
      comment: 'The Angular entry makes managers: it imports the root entry too, and nothing behind it.',
      severity: 'error',
      from: { path: '^src/angular/' },
      to: {
        path: '^src/',
        pathNot: [pure, shared, '^src/index\\.ts$', '^src/angular/'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'adapters-apart',
      comment: 'Adapters never import each other, not even types.',
      severity: 'error',
      from: { path: adapters },
      to: { path: adapters, pathNot: ['^src/stores/memoryStore\\.ts$', '^src/$1/'] },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'Nothing imports testing.',
      severity: 'error',
      from: { pathNot: testing },
      to: { path: testing },
    },
    {
      name: 'node-in-node',
      comment: 'Only src/node imports modules of Node; testing may import node:http.',
      severity: 'error',
      from: { pathNot: ['^src/node/', testing] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'testing-serves-http',
      comment: 'Only src/node imports modules of Node; testing may import node:http.',
      severity: 'error',
      from: { path: testing },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?http$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'require', 'node', 'default'],
    },
  },
};
