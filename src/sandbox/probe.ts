/** Looks at what this host can hold a program by. Each lack comes with how to mend it. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../domain/errors.js';
import type { Cgroups } from './cgroup.js';
import { command, isProgram } from './command.js';
import { makeDisk } from './disk.js';
import { findRuntimes, type RuntimePaths } from './runtimes.js';
import type { Lack, SandboxPart, SandboxReport } from './sandbox-report.js';
import { SECCOMP_ARCHS } from './seccomp.js';

export interface ProbeOptions {
  bwrap: string;
  /** A folder of ours to try things in. */
  folder: string;
  /** Or why there are none. */
  groups: Cgroups | string;
  runtimes: RuntimePaths;
}

export async function probe({
  bwrap,
  folder,
  groups,
  runtimes,
}: ProbeOptions): Promise<SandboxReport> {
  const lacks: Lack[] = [];
  const lack = (part: SandboxPart, message: string): void => void lacks.push({ part, message });
  const root = process.getuid?.() === 0;
  const version = await namespaces(bwrap, lack);
  if (!root)
    lack('user', 'the worker is not root, so programs run as its own user; run it as root');
  if (typeof groups === 'string') lack('groups', groups);
  return {
    bwrap: version,
    user: root ? 'own' : 'worker',
    syscalls: (await filters(lack)) ? 'seccomp' : 'none',
    groups: typeof groups === 'string' ? 'none' : `cgroup${groups.version}`,
    disk: (await images(folder, root, lack)) ? 'image' : 'polled',
    proxy: (await entersNetworks(root, lack)) ? 'tcp' : 'socket',
    runtimes: await findRuntimes(runtimes, folder),
    lacks,
  };
}

type Say = (part: SandboxPart, message: string) => void;

/** bwrap is there, and may make its namespaces. @returns what it calls itself */
async function namespaces(bwrap: string, lack: Say): Promise<string | undefined> {
  for (const [file, by] of [
    [bwrap, 'bubblewrap'],
    ['/usr/bin/setpriv', 'util-linux'],
    ['/usr/bin/prlimit', 'util-linux'],
  ] as const)
    if (!(await isProgram(file))) {
      lack('namespaces', `there is no ${file}; install ${by} (apt-get install ${by})`);
      return undefined;
    }
  try {
    const version = (await command(bwrap, ['--version'])).trim();
    await tryNamespaces(bwrap);
    return version;
  } catch (error) {
    lack(
      'namespaces',
      `bubblewrap cannot make its namespaces (${messageOf(error)}); allow user namespaces (sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone or kernel.apparmor_restrict_unprivileged_userns), and in a container run it with a seccomp and AppArmor profile that allows them`,
    );
    return undefined;
  }
}

/** As an unprivileged user where we are root, for that is how programs are run. */
async function tryNamespaces(bwrap: string): Promise<void> {
  const user = process.getuid?.() === 0 ? ['--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  await command('/usr/bin/setpriv', [
    ...[...user, '--no-new-privs', bwrap],
    ...['--unshare-all', '--unshare-user', '--disable-userns', '--die-with-parent'],
    ...['--ro-bind', '/usr', '/usr', '--symlink', 'usr/lib', '/lib', '--symlink'],
    ...['usr/lib64', '/lib64', '--proc', '/proc', '--dev', '/dev', '/usr/bin/true'],
  ]);
}

async function filters(lack: Say): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  if (!/^Seccomp:/m.test(status)) {
    lack('syscalls', 'this kernel cannot filter system calls; use one with CONFIG_SECCOMP_FILTER');
    return false;
  }
  if ((SECCOMP_ARCHS as readonly string[]).includes(process.arch)) return true;
  lack('syscalls', `there is no filter of system calls for ${process.arch}; use x64 or arm64`);
  return false;
}

async function images(folder: string, root: boolean, lack: Say): Promise<boolean> {
  const trial = join(folder, 'trial');
  try {
    if (!root) throw new Error('only root may mount');
    await mkdir(trial);
    const disk = await makeDisk({ folder: trial, bytes: 2 ** 20, uid: 0, image: true });
    await disk.remove();
    return true;
  } catch (error) {
    lack(
      'disk',
      `what programs write is looked at now and then instead of held, as no file system can be mounted (${messageOf(error)}); run the worker as root, with mkfs.ext4 (e2fsprogs), mount and /dev/loop-control`,
    );
    return false;
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

async function entersNetworks(root: boolean, lack: Say): Promise<boolean> {
  if (root && (await isProgram('/usr/bin/nsenter')) && (await mayEnter())) return true;
  lack(
    'proxy',
    'programs find their proxy at the socket TEMPOGRAPH_PROXY_SOCKET only, not by HTTP_PROXY; run the worker as root, with nsenter (util-linux) and the capabilities SYS_ADMIN and SYS_PTRACE',
  );
  return false;
}

/** Another process's namespace is entered by who may trace it and may change namespaces: CAP_SYS_PTRACE, CAP_SYS_ADMIN. */
async function mayEnter(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return [19n, 21n].every((capability) => ((held >> capability) & 1n) === 1n);
}
