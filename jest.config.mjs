import { fileURLToPath } from 'node:url';

/** ESM-only packages that jest has to compile to CommonJS with the rest of the code. */
const ESM_PACKAGES = [
  'tinyqueue',
  'p-map',
  'p-retry',
  'is-network-error',
  'env-paths',
  'log-update',
  'get-port',
  'execa',
  'canonicalize',
  'string-width',
  '@marcbachmann/cel-js',
  'is-safe-filename',
  'ansi-escapes',
  'environment',
  'cli-cursor',
  'restore-cursor',
  'onetime',
  'mimic-function',
  'slice-ansi',
  'is-fullwidth-code-point',
  'strip-ansi',
  'ansi-regex',
  'wrap-ansi',
  'ansi-styles',
  'get-east-asian-width',
  'emoji-regex',
  'figures',
  'is-unicode-supported',
  'npm-run-path',
  'unicorn-magic',
  'path-key',
  'pretty-ms',
  'parse-ms',
  'strip-final-newline',
  'is-stream',
  'is-plain-obj',
  'get-stream',
  'human-signals',
  'yoctocolors',
  'jose',
  '@sindresorhus/merge-streams',
  '@sec-ant/readable-stream',
  'content-disposition',
  '@fastify/static/node_modules/content-disposition',
];

const shared = {
  transform: {
    '^.+\\.(ts|js|mjs)$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${ESM_PACKAGES.join('|')})/)`, '<rootDir>/lib/'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^canonicalize$': '<rootDir>/node_modules/canonicalize/lib/canonicalize.js',
    '^unicorn-magic$': '<rootDir>/node_modules/unicorn-magic/node.js',
    '^tempograph$': '<rootDir>/src/index.ts',
    '^tempograph/workflows$': '<rootDir>/src/workflows/index.ts',
    '^tempograph/(worker|testing)$': '<rootDir>/src/$1.ts',
  },
  testEnvironment: 'node',
  setupFilesAfterEnv: ['<rootDir>/test/support/second-try-setup.mjs'],
};

const project = (displayName, match, extra = {}) => ({
  ...shared,
  displayName,
  testMatch: match.map((glob) => `<rootDir>/test/${glob}`),
  ...extra,
});

/**
 * Domain tests need no server, nor do those of sandboxes, functions and containers; the store's run on SQLite and on a
 * PostgreSQL of their own; the others share one workflow bundle and one dev server.
 */
export default {
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  reporters: [
    'default',
    [
      '<rootDir>/test/support/second-try-reporter.mjs',
      { outputFile: fileURLToPath(new URL('.cache/second-try.json', import.meta.url)) },
    ],
  ],
  projects: [
    project('domain', ['{domain,convert,notify,remote}/**/*.test.ts']),
    project('store', ['store/**/*.test.ts'], {
      globalSetup: '<rootDir>/test/store/global-setup.mjs',
      globalTeardown: '<rootDir>/test/store/global-teardown.mjs',
    }),
    // Programs: functions and containers in processes of their own, and no Temporal server.
    project('faas', ['runners/faas*.test.ts'], {
      globalSetup: '<rootDir>/test/support/faas-setup.mjs',
    }),
    project('engine', ['engine/**/*.test.ts', 'runners/container*.test.ts'], {
      globalSetup: '<rootDir>/test/sandbox/global-setup.mjs',
    }),
    project('sandbox', ['sandbox/**/*.test.ts', 'runners/program*.test.ts'], {
      globalSetup: '<rootDir>/test/sandbox/global-setup.mjs',
    }),
    project(
      'temporal',
      [
        '!(domain|convert|notify|remote|store|engine|sandbox|support|fixtures)/**/*.test.ts',
        '*.test.ts',
      ],
      {
        testPathIgnorePatterns: ['/node_modules/', '/test/runners/(container|faas|program)[^/]*$'],
        globalSetup: '<rootDir>/test/support/global-setup.mjs',
        globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
      },
    ),
    // Only by `npm run nightly`: half an hour.
    ...(process.env.TEMPOGRAPH_NIGHTLY
      ? [
          project('nightly', ['nightly/*.nightly.ts'], {
            globalSetup: '<rootDir>/test/support/global-setup.mjs',
            globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
          }),
        ]
      : []),
  ],
  testTimeout: process.env.TEMPOGRAPH_NIGHTLY ? 3_600_000 : 120_000,
  // One more than the cores that we plan for: tests wait for servers and timers. With four, more of them needed a second try.
  maxWorkers: 3,
};
