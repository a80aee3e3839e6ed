import { availableParallelism } from 'node:os';

/** Jest runs the TypeScript sources as ES modules; end-to-end tests start the compiled processes of dist/. */
const base = {
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.ts$': '@swc/jest',
    '^.+\\.tsx$': [
      '@swc/jest',
      {
        swcrc: false,
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic' } },
        },
      },
    ],
  },
  moduleNameMapper: {
    '^#libs/(.*)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/compat/node_modules/'],
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/test/support/setup.ts'],
};

const project = (displayName, folders) => ({
  ...base,
  displayName,
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
});

export default {
  projects: [
    project('unit', ['unit', 'golden', 'arch']),
    project('contract', ['contract']),
    project('e2e', ['e2e', 'web']),
  ],
  // End-to-end tests wait for processes most of their time: on few cores Jest's own choice would leave them idle.
  maxWorkers: Math.max(3, availableParallelism() - 1),
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  globalSetup: '<rootDir>/test/support/mark-run.mjs',
  globalTeardown: '<rootDir>/test/support/end-leftovers.mjs',
  testTimeout: 180_000,
  // A failed test may leave a socket open; without this the run would hang instead of telling the failure.
  forceExit: true,
};
