/** Programs of every fate in one graph: all of them end, rightly told apart, and nothing of them is left. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHarness, type Harness } from '../support/engine.js';

const COUNT = Number(process.env['TEMPOGRAPH_FATES'] ?? 50);
const here = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;
if (!here)
  process.stderr.write('programs of mixed fate are skipped: they need bubblewrap and root\n');

const sh = (script: string): object => ({ process: { command: ['sh', '-c', script] } });
/** What each does, and how it ends. */
const FATES: Record<string, { node: object; ends: object }> = {
  ok: { node: sh('echo 1 > "$TEMPOGRAPH_OUTPUT"'), ends: { status: 'COMPLETED', output: 1 } },
  fails: {
    node: sh('echo no >&2; exit 7'),
    ends: { status: 'FAILED', error: { code: 'PROGRAM_FAILED' } },
  },
  hangs: { node: { ...sh('sleep 3600'), timeout: '8s' }, ends: { status: 'TIMEOUT' } },
  hogs: { node: sh('exec tail /dev/zero'), ends: { error: { details: { resource: 'memory' } } } },
  forks: {
    node: sh('while :; do sleep 60 & done; wait'),
    ends: { error: { details: { resource: 'processes' } } },
  },
  floods: { node: sh('exec yes'), ends: { error: { details: { resource: 'logs' } } } },
  fills: {
    node: sh('exec dd if=/dev/zero of=/tmp/full bs=65536'),
    ends: { error: { details: { resource: 'disk' } } },
  },
  ignores: {
    node: { ...sh("trap '' TERM; while :; do sleep 1; done"), timeout: '8s' },
    ends: { status: 'TIMEOUT' },
  },
};
const names = Object.keys(FATES);

/** Of this process's worker: the sandboxes of others are none of our business. */
const OURS = new RegExp(`tempograph-[0-9a-f]{8}-\\d+-${process.pid}-`);

/** What sandboxes leave where they leave something. Zombies belong to whoever has to reap them. */
function leftovers(): string[] {
  const below = (folder: string): string[] =>
    existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  const text = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return ''; // it has ended meanwhile
    }
  };
  const processes = readdirSync('/proc').flatMap((pid) =>
    /^\d+$/.test(pid) && !/\) [ZX] /.test(text(`/proc/${pid}/stat`))
      ? [`process ${pid} in ${text(`/proc/${pid}/cgroup`)}`]
      : [],
  );
  const groups = ['memory', 'pids', 'cpu'].flatMap((name) => below(`/sys/fs/cgroup/${name}`));
  const mounts = text('/proc/mounts').split('\n');
  const folders = readdirSync(tmpdir()).flatMap((name) =>
    name.startsWith('tempograph-sandboxes') ? readdirSync(join(tmpdir(), name)) : [name],
  );
  return [...processes, ...groups, ...mounts, ...folders].filter((one) => OURS.test(one));
}

(here ? describe : describe.skip)(`${COUNT} programs in one graph`, () => {
  let harness: Harness;
  beforeAll(
    async () => void (harness = await startHarness({ programs: ['process'], maxPrograms: 6 })),
  );

  it('all end, each as it deserves, and leave nothing behind', async () => {
    const fateOf = (index: number): string => names[index % names.length] ?? 'ok';
    const tasks = Array.from({ length: COUNT }, (_, index) => ({
      ...{ id: `${fateOf(index)}-${index}`, retry: 'NONE', timeout: '1m' },
      resources: { cpu: 0.5, memory: '32Mi', disk: '8Mi', processes: 24 },
      ...FATES[fateOf(index)]?.node,
    }));
    const spec = { name: 'fates', concurrency: 12, tasks };
    const handle = await harness.engine.scheduleTaskGraph(spec as never);
    const { nodes, status } = await handle.result();
    expect(status).toBe('FAILED');
    expect(Object.keys(nodes)).toHaveLength(COUNT);
    for (const [id, { status: ended, output, error }] of Object.entries(nodes))
      expect({ id, status: ended, output, error }).toMatchObject({
        id,
        ...FATES[id.replace(/-\d+$/, '')]?.ends,
      });
    expect(leftovers()).not.toEqual([]); // while it lives, the worker has a place of its own
    await harness.stop();
    expect(leftovers()).toEqual([]);
  });
});
