/** Programs of every fate in one graph: all of them end, rightly told apart, and nothing of them is left. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

/** What sandboxes leave where they leave something. Zombies belong to whoever has to reap them. */
function leftovers(): {
  processes: string[];
  groups: string[];
  mounts: string[];
  folders: string[];
} {
  const processes = execFileSync('ps', ['-eo', 'uid=,stat=,args='], { encoding: 'utf8' });
  const inUse = (line: string): boolean => /^\s*30\d{4} +[^Z]/.test(line);
  const controllers = ['memory', 'pids', 'cpu'].map((name) => `/sys/fs/cgroup/${name}`);
  const ours = (folder: string): string[] =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
          /tempograph-[^/]*$/.test(path),
        )
      : [];
  return {
    processes: processes.split('\n').filter(inUse),
    groups: controllers.flatMap(ours),
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => /tempograph-[0-9a-f]{8}-/.test(line)),
    folders: readdirSync(tmpdir()).filter((name) => /^tempograph-[0-9a-f]{8}-\d/.test(name)),
  };
}

(here ? describe : describe.skip)(`${COUNT} programs in one graph`, () => {
  let harness: Harness;
  const before = here ? leftovers() : undefined;
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
    await harness.stop();
    expect(leftovers()).toEqual(before);
  });
});
