/** Programs of every fate in one graph, and what sandboxes leave where they leave something. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

/** Where programs cannot be held, so that they are skipped with a line that says so. */
export const HELD = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;
if (!HELD)
  process.stderr.write('programs of mixed fate are skipped: they need bubblewrap and root\n');

/** A graph of so many programs, of each fate in turn. @param more of every node */
export function fatesGraph(count: number, more: object): { name: string; tasks: object[] } {
  const tasks = Array.from({ length: count }, (_, index) => {
    const fate = names[index % names.length] ?? 'ok';
    return {
      ...{ id: `${fate}-${index}`, timeout: '1m', ...more },
      resources: { cpu: 0.5, memory: '32Mi', disk: '8Mi', processes: 24 },
      ...FATES[fate]?.node,
    };
  });
  return { name: 'fates', tasks };
}

/** How a node of {@link fatesGraph} ends. */
export const endOf = (nodeId: string): object => FATES[nodeId.replace(/-\d+$/, '')]?.ends ?? {};

/**
 * Processes, control groups, mounts and folders of the sandboxes of these workers; those of others are none of the
 * test's business.
 */
export function leftoversOf(workers: readonly number[]): string[] {
  const ours = new RegExp(`tempograph-[0-9a-f]{8}-\\d+-(?:${workers.join('|')})-`);
  const below = (folder: string): string[] =>
    existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  // Zombies belong to whoever has to reap them.
  const processes = readdirSync('/proc').flatMap((pid) =>
    /^\d+$/.test(pid) && !/\) [ZX] /.test(textOf(`/proc/${pid}/stat`))
      ? [`process ${pid} in ${textOf(`/proc/${pid}/cgroup`)}`]
      : [],
  );
  const groups = ['memory', 'pids', 'cpu'].flatMap((name) => below(`/sys/fs/cgroup/${name}`));
  const mounts = textOf('/proc/mounts').split('\n');
  const folders = readdirSync(tmpdir()).flatMap((name) =>
    name.startsWith('tempograph-sandboxes') ? readdirSync(join(tmpdir(), name)) : [name],
  );
  return [...processes, ...groups, ...mounts, ...folders].filter((one) => ours.test(one));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
