/** Modules that a sandbox which waits has loaded by the time a program gets it. */
import { limitsOf, type ProcessSpec } from '../../src/domain/program.js';
import { UNWATCHED, type PoolWatch, type WarmWish } from '../../src/domain/warm-plan.js';
import type { RegisteredTask } from '../../src/registry.js';
import type { TaskContext } from '../../src/task-context.js';
import { ProgramProcessRunner } from '../../src/runners/program-process.js';
import { describeBoth } from './support/scene.js';

const LOADS = {
  node: ['node:zlib', 'node:nothing'],
  python: ['sqlite3', 'xml.dom.minidom', 'no_such_module'],
};
const limits = limitsOf({ cpu: 1 });
const named: WarmWish[] = (['node', 'python'] as const).flatMap((runtime) =>
  [undefined, LOADS[runtime]].map((preload) => {
    return { key: { runtime, level: 'LOW' as const, limits, preload }, count: 1 };
  }),
);

/** They give which of the modules that they would have loaded are there when they begin, and their arguments. */
const CODE = {
  node: `require('node:fs').writeFileSync(process.env.TEMPOGRAPH_OUTPUT, JSON.stringify([
  ['zlib'].filter((name) => process.moduleLoadList.includes('NativeModule ' + name)), process.argv.slice(2)]));`,
  python: `import sys
found = sorted({'sqlite3', 'xml.dom.minidom'} & sys.modules.keys())
import json, os
json.dump([found, sys.argv[1:]], open(os.environ['TEMPOGRAPH_OUTPUT'], 'w'))`,
};
const FOUND = { node: ['zlib'], python: ['sqlite3', 'xml.dom.minidom'] };

describeBoth('modules to preload', (kind) => {
  let runner: ProgramProcessRunner;
  const hits: string[] = [];
  const watch: PoolWatch = { ...UNWATCHED, hit: (runtime) => void hits.push(runtime) };
  const warm = kind === 'warm' ? { named, budgetBytes: 2 ** 30, watch } : undefined;
  beforeAll(() => void (runner = new ProgramProcessRunner({ maxPrograms: 2, graceMs: 0, warm })));
  beforeEach(() => void hits.splice(0));
  afterAll(() => runner.close());

  const run = async (process: ProcessSpec): Promise<unknown> => {
    await runner.check([]);
    await runner['pools']?.settled();
    const context = {
      ...{ executionId: 'graph/node', graphId: 'graph', attempt: 1, idempotencyKey: 'key' },
      deadline: new Date(Date.now() + 300_000),
    } as unknown as TaskContext;
    const program = {
      ...{ program: { kind: 'process' as const, process }, input: null, level: 'LOW' as const },
      ...{ network: [], limits, env: {}, maxOutputBytes: 10_000, maxArtifactBytes: 10_000 },
    };
    const asked = { task: {} as RegisteredTask, input: null, context, program };
    return (await runner.run(asked, { signal: new AbortController().signal })).output;
  };

  it.each(['node', 'python'] as const)(
    'are there for %s where its sandbox waited with them, whatever of them is none',
    async (runtime) => {
      const asked = { runtime, code: CODE[runtime], args: ['one'] };
      const found = kind === 'warm' ? FOUND[runtime] : [];
      expect(await run({ ...asked, preload: LOADS[runtime] })).toEqual([found, ['one']]);
      expect(await run(asked)).toEqual([[], ['one']]);
      expect(hits).toEqual(kind === 'warm' ? [runtime, runtime] : []);
    },
  );
});
