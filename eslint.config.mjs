import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What others may see of the workflows: what they are told and asked, never what they do. */
const CONTRACT = [
  'workflows/messages',
  'workflows/manifest',
  'workflows/waiting-page',
  'workflows/requests',
  'workflows/between',
  'workflows/asks',
  'workflows/operator-messages',
  'workflows/operator-shapes',
  'workflows/node-request',
  'workflows/queues',
];
/**
 * Which room of `src/` may import which other: imports point one way. `packages` lists the only packages a room may
 * use; without it, any. `workflows` code runs in Temporal's deterministic sandbox, so Node's modules are out there.
 */
const ROOMS = {
  domain: {
    may: [],
    packages: [
      'zod',
      'ajv',
      'ajv-formats',
      '@marcbachmann/cel-js',
      're2js',
      'ms',
      'tinyqueue',
      'fastest-levenshtein',
      'yaml',
    ],
  },
  workflows: { may: ['domain'], packages: ['@temporalio/workflow', '@temporalio/common'] },
  /** Other tools' files as pipelines: text in, data out. */
  convert: { may: ['domain'], packages: ['zod', 'yaml'] },
  store: { may: ['make-folder', 'work-folder', 'domain'] },
  servers: { may: ['make-folder', 'domain'] },
  builder: { may: ['registry', 'undo-options', 'domain'] },
  /** Pipelines that are run by name: files, read and checked. */
  templates: { may: ['domain'] },
  /** How executions stand and ended, read from Temporal: for clients and for activities. */
  observe: { may: ['domain', 'store', ...CONTRACT] },
  /** Requests to addresses that somebody else named. */
  net: { may: ['domain'] },
  /** Who is told of events, and how. */
  notify: { may: ['domain', 'net', 'store', 'telemetry'] },
  /** What holds a program on Linux: namespaces, limits, a filter of system calls, a proxy. */
  sandbox: { may: ['process-name', 'domain', 'net'] },
  /** Docker and Podman: containers, images and what they leave. */
  engine: { may: ['process-name', 'work-folder', 'domain'] },
  runners: {
    may: ['domain', 'registry', 'task-context', 'net', 'sandbox', 'engine', 'work-folder'],
  },
  /** Traces and metrics. */
  telemetry: { may: ['domain', ...CONTRACT] },
  activities: {
    may: [
      ...[
        'runners',
        'net',
        'notify',
        'store',
        'observe',
        'registry',
        'task-context',
        'task-hooks',
        'registry-facts',
        'config',
        'telemetry',
        'templates',
      ],
      ...['domain', ...CONTRACT],
    ],
  },
  client: {
    may: [
      ...['store', 'observe', 'builder', 'registry', 'task-hooks', 'local-workers'],
      ...['connect-options', 'config', 'telemetry'],
      ...['templates', 'domain', ...CONTRACT],
    ],
  },
  /** The HTTP API: routes over the engine, and the page's files. */
  http: {
    may: ['client', 'config', 'domain', ...CONTRACT],
  },
  /** What commands ask of an engine, and the engine that asks it of a server over HTTP. */
  remote: {
    may: ['client', 'domain', 'templates', ...CONTRACT],
  },
  cli: {
    may: [
      'client',
      'remote',
      'http',
      'worker',
      'servers',
      'notify',
      'store',
      'make-folder',
      'misspelt-variables',
      'registry',
      'registry-facts',
      'connect-options',
      'config',
      'telemetry',
      'convert',
      'templates',
      'domain',
      ...CONTRACT,
      'index',
    ],
  },
};
/** The doors and the files between them, at the top of `src/`. */
const DOORS = {
  'task-definition': ['task-context', 'task-hooks', 'task-execution', 'undo-options', 'domain'],
  registry: ['task-definition', 'task-types', 'task-hooks', 'undo-options', 'domain'],
  'task-types': ['task-definition', 'domain'],
  // What an undo reads is said by references, as of any node.
  'undo-options': ['builder/refs', 'domain'],
  'task-context': ['domain'],
  'task-hooks': ['task-context', 'domain'],
  'task-execution': ['task-context', 'domain'],
  'registry-facts': ['registry', 'domain'],
  'local-workers': ['registry'],
  'workflow-modules': [],
  'make-folder': [],
  'process-name': [],
  'work-folder': ['make-folder', 'process-name'],
  'misspelt-variables': ['setting-names', 'domain'],
  'setting-names': [],
  builder: ['builder', 'registry', 'undo-options', 'domain'],
  config: ['setting-names', 'setting-values', 'domain'],
  'connect-options': ['domain'],
  'setting-values': ['domain'],
  telemetry: ['telemetry', 'config', 'domain'],
  client: ['client', 'store', 'registry', 'config', 'domain', ...CONTRACT],
  'beside-workers': ['config', 'runners', ...CONTRACT],
  'worker-heap': [],
  worker: [
    'beside-workers',
    'misspelt-variables',
    'worker-heap',
    'work-folder',
    'activities',
    'observe',
    'runners',
    'store',
    'registry',
    'task-context',
    'task-hooks',
    'local-workers',
    'connect-options',
    'config',
    'telemetry',
    'templates',
    'workflow-modules',
    'domain',
    ...CONTRACT,
  ],
  testing: [
    ...['client', 'worker', 'servers', 'registry', 'task-context', 'task-hooks'],
    ...['config', 'telemetry', 'domain'],
  ],
  index: [
    ...['client', 'builder', 'templates', 'registry', 'task-context', 'task-hooks'],
    ...['task-execution', 'connect-options', 'config', 'convert', 'domain'],
    ...CONTRACT,
  ],
};

const alternatives = (names) => names.map((name) => `${name}(?:\\.js$|/)`).join('|');
const restrict = (patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

const arrows = [
  ...Object.entries(ROOMS).map(([room, { may, packages }]) => ({
    files: [`src/${room}/**/*.ts`],
    rules: restrict([
      {
        regex: may.length === 0 ? '^\\.\\./' : `^\\.\\./(?!${alternatives(may)})`,
        message: `src/${room} may import only ${['itself', ...may].join(', ')} (see ARCHITECTURE.md).`,
      },
      ...(packages
        ? [
            {
              regex: `^(?!\\.|(?:${packages.map((name) => name.replace('/', '\\/')).join('|')})(?:$|/))`,
              message: `src/${room} may use only ${packages.join(', ')} (see ARCHITECTURE.md).`,
            },
          ]
        : []),
    ]),
  })),
  ...Object.entries(DOORS).map(([door, may]) => ({
    files: [`src/${door}.ts`],
    rules: restrict([
      {
        regex: `^\\./(?!${alternatives(may)})`,
        message: `src/${door}.ts may import only ${may.join(', ')} (see ARCHITECTURE.md).`,
      },
    ]),
  })),
];

export default tseslint.config(
  {
    ignores: [
      'lib/',
      '.cache/',
      'node_modules/',
      'test/fixtures/',
      'test/histories/',
      '.tempograph/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      // `_name` is how a field is left out of a rest object.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { varsIgnorePattern: '^_', argsIgnorePattern: '^_' },
      ],
      // `async` is part of several interfaces whose simplest implementations have nothing to await.
      '@typescript-eslint/require-await': 'off',
      // Numbers and booleans are what our messages are made of.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  ...arrows,
  {
    // The page is a program of its own: what it knows of the engine are types.
    files: ['web/src/**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['../../*'],
              allowTypeImports: true,
              message: 'web/ may import only types from src/.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/workflows/**/*.ts'],
    ignores: ['src/workflows/{work,ask,interceptors}.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'ImportSpecifier[imported.name=/^(scheduleLocalActivity|proxyLocalActivities)$/]',
          message:
            'use work or workAtStart of work.ts: a local activity beside a query breaks the replay (docs/decisions/0013).',
        },
      ],
    },
  },
);
