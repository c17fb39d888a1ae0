import js from '@eslint/js';
import rxjs from 'eslint-plugin-rxjs-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import ts from 'typescript-eslint';

/** Time is `scheduler`, chance is `random`, network is `refresh`, and no platform is assumed. */
const ambient = [
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'requestAnimationFrame', 'performance'],
  ...['fetch', 'XMLHttpRequest', 'WebSocket', 'crypto', 'console', 'globalThis', 'global', 'self'],
  ...['process', 'Buffer', 'require', '__filename', '__dirname'],
  ...['window', 'document', 'navigator', 'location', 'localStorage', 'sessionStorage'],
];
const ambientProperties = [
  { object: 'Date', property: 'now', message: 'Time is `scheduler.now()`.' },
  { object: 'Math', property: 'random', message: 'Chance is `random`.' },
  { object: 'AbortSignal', property: 'timeout', message: 'Time is `scheduler`.' },
];
const implicitClock = [
  {
    selector: ':matches(NewExpression[arguments.length=0], CallExpression)[callee.name="Date"]',
    message: 'Time is `scheduler.now()`.',
  },
  {
    selector:
      'CallExpression[callee.name=/^(timer|interval|delay|debounceTime|auditTime|throttleTime|sampleTime|bufferTime|windowTime)$/][arguments.length=1]',
    message: 'Pass the scheduler.',
  },
  {
    selector: 'CallExpression[callee.name=/^(timestamp|timeInterval)$/][arguments.length=0]',
    message: 'Pass the scheduler.',
  },
  {
    selector: 'CallExpression[callee.name="timeout"]:not(:has(Property[key.name="scheduler"]))',
    message: 'Pass the scheduler.',
  },
];

export default defineConfig(
  // the application's own packages are there once it is built: demo/angular/lint.config.js
  globalIgnores(['dist/', 'coverage/', '.stryker-tmp/', 'demo/angular/{dist,src,spec}/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked, rxjs.configs.recommended],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // a number in a message is what it looks like
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // brackets say that a field comes from outside and may be anything
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // `const { dropped, ...kept } = credentials`
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      // contracts are written as methods, but what implements them is closures: there is no `this` to lose
      '@typescript-eslint/unbound-method': 'off',
      // `complete: () => (leave(), subscriber.complete())` is no confusion
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // a flight outlives its subscribers on purpose: design.md §2
      'rxjs-x/no-sharereplay': 'off',
    },
  },
  {
    // the core, its stores and providers; the other entries are where the outside world comes in
    files: ['src/**/*.ts'],
    ignores: ['src/{node,testing,fetch,oauth,browser,angular,redis,postgres}/**'],
    rules: {
      'no-restricted-globals': ['error', ...ambient],
      'no-restricted-properties': ['error', ...ambientProperties],
      'no-restricted-syntax': ['error', ...implicitClock],
    },
  },
  {
    // the four places where the outside world comes in: the clock of those who merge by hand, …
    files: ['src/mergeRotation.ts', 'src/config.ts'],
    // …chance when the user gave none, …
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    // …the timer that the default scheduler wraps, …
    files: ['src/unrefScheduler.ts'],
    rules: { 'no-restricted-globals': 'off' },
  },
  {
    // …and the engine's WebCrypto, when the user gave none
    files: ['src/stores/encrypted/readEncryption.ts'],
    rules: { 'no-restricted-globals': 'off' },
  },
  {
    files: ['spec/**/*.ts'],
    rules: {
      // what cannot be there fails the spec at that line anyway
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['spec/angular/**/*.ts'],
    rules: {
      // the abstract classes of Angular are interfaces: an `HttpBackend` is an `HttpHandler`
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
);
