import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limitsOf } from '../../src/domain/program.js';
import { Cgroups } from '../../src/sandbox/cgroup.js';
import { hierarchiesOf } from '../../src/sandbox/cgroup-hierarchies.js';

const V1 = `
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /docker/a\\040b /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`;
const OWN_V1 = '4:memory:/docker/a\\040b\n3:cpu,cpuacct:/worker\n2:pids:/\n0::/';

describe('hierarchiesOf', () => {
  it('finds the groups of version 1 that this process is in', () => {
    const found = hierarchiesOf(V1, OWN_V1);
    expect(found).toMatchObject({
      version: 1,
      parents: [
        '/sys/fs/cgroup/memory',
        '/sys/fs/cgroup/cpu,cpuacct/worker',
        '/sys/fs/cgroup/pids',
      ],
    });
    if (typeof found !== 'string') expect(found.of('cpuacct')).toBe(found.of('cpu'));
  });

  it('takes version 2 where no controller is in version 1', () => {
    const mounts = '30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate';
    expect(hierarchiesOf(mounts, '0::/system.slice/worker.service')).toMatchObject({
      version: 2,
      parents: ['/sys/fs/cgroup/system.slice/worker.service'],
    });
    expect(hierarchiesOf(mounts, '0::/', '/delegated')).toMatchObject({
      parents: ['/sys/fs/cgroup/delegated'],
    });
  });

  it('says what is missing', () => {
    expect(hierarchiesOf('', '')).toMatch(/no control groups are mounted/);
    expect(hierarchiesOf('35 31 0:32 / /c/memory rw - cgroup cgroup rw,memory', '')).toMatch(
      /cpu, cpuacct, pids of control groups are not mounted/,
    );
  });
});

describe('Cgroups of version 2', () => {
  let root: string;
  beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'cgroup-'))));
  afterEach(() => rm(root, { recursive: true, force: true }));

  /** A folder instead of the kernel: what is written can be read, and nothing disappears by itself. */
  const open = async (): Promise<{ cgroups: Cgroups; folder: string }> => {
    await mkdir(join(root, 'own'));
    const cgroups = await Cgroups.open({
      name: 'ours',
      mountinfo: `30 20 0:26 / ${root} rw - cgroup2 cgroup2 rw`,
      own: '0::/own',
      removeGroup: (folder) => rm(folder, { recursive: true }),
    });
    if (typeof cgroups === 'string') throw new Error(cgroups);
    return { cgroups, folder: join(root, 'own', 'ours') };
  };
  const limits = limitsOf({ cpu: 0.25, memory: 2 ** 26, processes: 10 });

  it('writes the limits, holds the CPU when told to, and reads what was used', async () => {
    const { cgroups, folder } = await open();
    const group = await cgroups.create('one', limits);
    const read = (name: string): Promise<string> => readFile(join(folder, 'one', name), 'utf8');
    expect(await read('memory.max')).toBe(String(2 ** 26));
    expect(await read('memory.swap.max')).toBe('0');
    expect(await read('memory.oom.group')).toBe('1');
    expect(await read('pids.max')).toBe('12'); // and bwrap's two
    await expect(read('cpu.max')).rejects.toThrow('ENOENT');
    await group.holdCpu();
    expect(await read('cpu.max')).toBe('25000 100000');
    expect(group.joins).toEqual([join(folder, 'one', 'cgroup.procs')]);
    expect(await readFile(join(root, 'own', 'cgroup.subtree_control'), 'utf8')).toBe(
      '+memory +cpu +pids',
    );
    await writeFile(join(folder, 'one', 'memory.peak'), '5000\n');
    await writeFile(join(folder, 'one', 'memory.events'), 'low 0\nmax 3\noom 1\noom_kill 2\n');
    await writeFile(join(folder, 'one', 'cpu.stat'), 'usage_usec 42000\nthrottled_usec 7000\n');
    await writeFile(join(folder, 'one', 'pids.events'), 'max 4\n');
    expect(await group.usage()).toEqual({
      ...{ peakMemoryBytes: 5_000, cpuMs: 42, throttledMs: 7, oomKills: 2, forkRefusals: 4 },
    });
    await group.kill();
    expect(await read('cgroup.kill')).toBe('1');
    await group.remove();
    await cgroups.close();
    expect(await readdir(join(root, 'own'))).toEqual(['cgroup.subtree_control']);
  });

  it('are made beside the own group where that has processes', async () => {
    // What the kernel says with EBUSY, a folder in the file's place says with EISDIR.
    await mkdir(join(root, 'own', 'cgroup.subtree_control'), { recursive: true });
    const cgroups = await Cgroups.open({
      name: 'ours',
      mountinfo: `30 20 0:26 / ${root} rw - cgroup2 cgroup2 rw`,
      own: '0::/own',
      removeGroup: (folder) => rm(folder, { recursive: true }),
    });
    expect(cgroups).toMatchObject({ folders: [join(root, 'ours')] });
    expect(await readdir(join(root, 'own'))).toEqual(['cgroup.subtree_control']);
  });

  it('says in a sentence why there are none', async () => {
    const refused = await Cgroups.open({
      name: 'ours',
      mountinfo: '30 20 0:26 / /proc/nowhere rw - cgroup2 cgroup2 rw',
      own: '0::/',
    });
    expect(refused).toMatch(
      /control groups \(v2\) below \/proc\/nowhere cannot be written: .*cgroupParent/,
    );
  });
});
