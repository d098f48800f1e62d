/** Files that one node keeps and another reads: programs by path, handlers by their bytes. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Artifact } from '../../src/domain/artifact.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

const here = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;
if (!here) process.stderr.write('files of programs are skipped: they need bubblewrap and root\n');

const BYTES = Buffer.from([0, 255, 10, 13, 0, 195, 40]);
const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const keeps = defineTask<{ name: string; text?: string }>({
  name: 'keeps',
  run: async ({ name, text }, { artifact }) => {
    await artifact(name, text === undefined ? BYTES : { text });
    return name;
  },
});
const reads = defineTask<Artifact>({
  name: 'reads',
  run: async (file, { readArtifact }) => sum(await readArtifact(file)),
});

const python = (code: string) => ({ process: { runtime: 'python', code } });
const HEAD = `
import hashlib, json, os
given = json.load(open(os.environ["TEMPOGRAPH_INPUT"]))
read = lambda file: hashlib.sha256(open(file["path"], "rb").read()).hexdigest()
give = lambda value: json.dump(value, open(os.environ["TEMPOGRAPH_OUTPUT"], "w"))
`;

(here ? describe : describe.skip).each<[string, object]>([
  ['in one piece', {}],
  ['split into segments', { maxNodesPerRun: 3 }],
])('files from node to node, in a graph %s', (_how, settings) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [keeps, reads], programs: ['process'], ...settings });
  });
  afterAll(() => harness.stop());

  const run = async (tasks: object[]) => {
    const handle = await harness.engine.scheduleTaskGraph({ name: 'g', tasks } as never);
    return { ...(await handle.result()), id: handle.executionId };
  };
  const make = (id: string, name = 'data.bin', text?: string) => ({
    ...{ id, task: 'keeps', input: { name, ...(text === undefined ? {} : { text }) } },
  });

  it('are read by a program at their path, byte by byte, each where it is named', async () => {
    const { status, error, nodes } = await run([
      make('a'),
      make('b', 'data.bin', 'other'),
      {
        id: 'read',
        ...python(`${HEAD}
give([read(given["a"]), [read(one) for one in given["list"]], given["a"]["name"], os.access(given["a"]["path"], os.W_OK)])`),
        input: {
          a: '${{ tasks.a.artifacts["data.bin"] }}',
          list: ['${{ tasks.b.artifacts["data.bin"] }}', '${{ tasks.a.artifacts["data.bin"] }}'],
        },
        dependsOn: ['a', 'b'],
      },
    ]);
    expect({ status, error }).toEqual({ status: 'COMPLETED', error: null });
    expect(nodes['read']?.output).toEqual([
      sum(BYTES),
      [sum(Buffer.from('other')), sum(BYTES)],
      'data.bin',
      false,
    ]);
  });

  it('go from program to program, and to a handler', async () => {
    const { status, error, nodes } = await run([
      {
        id: 'write',
        ...python(`
import os
folder = os.environ["TEMPOGRAPH_ARTIFACTS"]
os.makedirs(folder + "/deep", exist_ok=True)
open(folder + "/deep/one.txt", "w").write("one")`),
      },
      {
        id: 'read',
        ...python(`${HEAD}
give(read(given))`),
        input: '${{ tasks.write.artifacts["deep/one.txt"] }}',
        dependsOn: ['write'],
      },
      {
        id: 'handler',
        task: 'reads',
        input: '${{ tasks.write.artifacts["deep/one.txt"] }}',
        dependsOn: ['write'],
      },
    ]);
    expect({ status, error }).toEqual({ status: 'COMPLETED', error: null });
    expect(nodes['read']?.output).toBe(sum(Buffer.from('one')));
    expect(nodes['handler']?.output).toBe(sum(Buffer.from('one')));
  });

  it.each([
    [
      'node',
      'import { readFileSync as read, writeFileSync as write } from "node:fs";\nconst { env } = process;\nwrite(env.TEMPOGRAPH_OUTPUT, JSON.stringify(read(JSON.parse(read(env.TEMPOGRAPH_INPUT, "utf8")).path, "utf8")));',
    ],
    [
      'javascript',
      'const { path } = JSON.parse(Deno.readTextFileSync(Deno.env.get("TEMPOGRAPH_INPUT")));\nDeno.writeTextFileSync(Deno.env.get("TEMPOGRAPH_OUTPUTS") + "/text", Deno.readTextFileSync(path));',
    ],
  ])('are read by code for %s', async (runtime, code) => {
    const { error, nodes } = await run([
      make('a', 'a.txt', 'of a'),
      {
        id: 'read',
        process: { runtime, code },
        resources: { cpu: 1, memory: '192Mi' },
        input: '${{ tasks.a.artifacts["a.txt"] }}',
        dependsOn: ['a'],
      },
    ]);
    expect({ error, output: nodes['read']?.output }).toEqual({
      error: null,
      output: runtime === 'node' ? 'of a' : { text: 'of a' },
    });
  });

  it('are the items of a map, and parameters of a sub-graph', async () => {
    const below = {
      name: 'below',
      params: { file: {} },
      tasks: [{ id: 'x', ...python(`${HEAD}\ngive(read(given))`), input: '${{ params.file }}' }],
    };
    const { status, error, nodes } = await run([
      {
        id: 'split',
        ...python(`
import os
for n in range(5): open(os.environ["TEMPOGRAPH_ARTIFACTS"] + f"/{n}.txt", "w").write(str(n))`),
      },
      {
        id: 'each',
        ...python(`${HEAD}\ngive(read(given["file"]))`),
        map: 'tasks.split.artifacts.map(name, tasks.split.artifacts[name])',
        input: { file: '${{ item }}' },
        dependsOn: ['split'],
      },
      {
        id: 'sub',
        graph: below,
        input: { file: '${{ tasks.split.artifacts["3.txt"] }}' },
        dependsOn: ['split'],
      },
    ]);
    expect({ status, error }).toEqual({ status: 'COMPLETED', error: null });
    const sums = ['0', '1', '2', '3', '4'].map((text) => sum(Buffer.from(text)));
    expect(nodes['each']?.output).toEqual(sums);
    expect(nodes['sub']?.output).toEqual({ x: sums[3] });
  });

  it('that are not there fail who names them, and say which there are', async () => {
    const { nodes } = await run([
      make('a'),
      {
        id: 'read',
        ...python(HEAD),
        input: '${{ tasks.a.artifacts["dat.bin"] }}',
        dependsOn: ['a'],
      },
    ]);
    expect(nodes['read']).toMatchObject({
      ...{ status: 'FAILED', error: { code: 'EXPRESSION' } },
    });
    expect(nodes['read']?.error?.message).toMatch(/dat\.bin; a has kept "data\.bin"$/);
  });

  it('are given to a rerun that runs only who reads them', async () => {
    const graph = (code: string) => [
      make('a'),
      {
        id: 'read',
        ...python(`${HEAD}${code}`),
        retry: { maxRetries: 0 },
        input: '${{ tasks.a.artifacts["data.bin"] }}',
        dependsOn: ['a'],
      },
    ];
    const first = await run(graph('raise SystemExit(1)'));
    expect(first.status).toBe('FAILED');
    const again = await harness.engine.rerun(first.id, {
      from: 'failed',
      graph: { name: 'g', tasks: graph('give(read(given))') } as never,
    });
    const { nodes } = await again.resultOrThrow();
    expect(nodes['a']).toMatchObject({ reused: { executionId: first.id } });
    expect(nodes['read']?.output).toBe(sum(BYTES));
  });

  it('that say another size than they have are refused', async () => {
    const { id } = await run([make('a')]);
    const [kept] = await harness.engine.handle(id).artifacts();
    if (!kept) throw new Error('nothing was kept');
    const { nodeId: _node, ...artifact } = kept;
    for (const node of [{ ...python(HEAD) }, { task: 'reads' }]) {
      const { nodes } = await run([{ id: 'read', ...node, input: { ...artifact, bytes: 3 } }]);
      expect(nodes['read']).toMatchObject({
        ...{ status: 'FAILED', error: { code: 'ARTIFACT_INVALID' } },
      });
    }
  });

  it('that do not fit on the disk of a program are refused with both sizes', async () => {
    const { nodes } = await run([
      make('a', 'big.txt', 'x'.repeat(3 * 2 ** 20)),
      {
        id: 'read',
        ...python(HEAD),
        resources: { disk: '2Mi' },
        input: '${{ tasks.a.artifacts["big.txt"] }}',
        dependsOn: ['a'],
      },
    ]);
    expect(nodes['read']).toMatchObject({
      status: 'FAILED',
      error: { code: 'RESOURCE_EXHAUSTED', retriable: false },
    });
    expect(nodes['read']?.error?.message).toMatch(/3Mi.*resources\.disk is 2Mi/);
  });
});
