/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

export default {
  testMatch: ['<rootDir>/spec/**/*-spec.ts'],
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/spec/helpers/seed.ts'],
  injectGlobals: false,
  maxWorkers: 4, // half of what the longest do is waiting
  testTimeout: 60_000, // a busy machine is slow, not wrong
  extensionsToTreatAsEsm: ['.ts'],
  // types are checked by `tsc` apart: isolatedModules in tsconfig.json makes ts-jest only transpile
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true }] },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // the README's own import lines work in specs
    '^rx-token$': '<rootDir>/src/index.ts',
    '^rx-token/(.*)$': '<rootDir>/src/$1/index.ts',
  },
} satisfies Config;
