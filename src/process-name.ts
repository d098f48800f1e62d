/**
 * What processes call what they leave in places that others use too, and whether the one behind such a name still lives.
 *
 * P1. A name is never given twice: boot, namespace of processes, process id, the process's start in clock ticks since
 *     boot, and chance.
 * P2. A process is `dead` only where this host says so. Of one in another container, of another boot or another host, and
 *     of one that is hidden from us, it is `unknown`.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

const PREFIX = 'tempograph';
const NAME = new RegExp(`^${PREFIX}-[0-9a-f]{8}-\\d+-\\d+-\\d+-[0-9a-f]{8}$`);
/** What cannot be read, as where there is no /proc. */
const NO_BOOT = '00000000';
const NO_NAMESPACE = '0';

export type ProcessState = 'alive' | 'dead' | 'unknown';

/** `tempograph-1a2b3c4d-4026531836-4711-987654-c0ffee42` for this process; another with each call. */
export function ownName(): string {
  const chance = randomBytes(4).toString('hex');
  return `${PREFIX}-${boot()}-${pidNamespace()}-${process.pid}-${startOf(process.pid) ?? 0}-${chance}`;
}

/** True for what {@link ownName} gave to any process. */
export function isOwnName(name: string): boolean {
  return NAME.test(name);
}

/** How the process of a name stands. */
export function stateOf(name: string): ProcessState {
  const [, , namespace, pid, start] = name.split('-');
  const own = pidNamespace();
  if (isOfBefore(name) || boot() === NO_BOOT) return 'unknown';
  if (namespace !== own || own === NO_NAMESPACE) return 'unknown';
  return processState(Number(pid), Number(start));
}

/** True for a name of another boot: of this host before it was started anew, or of another host. */
export function isOfBefore(name: string): boolean {
  return boot() !== NO_BOOT && name.split('-')[1] !== boot();
}

/** How a process of this host stands. @param start of its, in clock ticks since boot; 0 where there is no /proc */
export function processState(pid: number, start: number): ProcessState {
  const stat = statOf(pid);
  if (stat === 'unknown') return 'unknown';
  if (stat) return aliveSince(stat) === start ? 'alive' : 'dead';
  // Nothing in /proc: there is no such process, or it is hidden there, or there is no /proc.
  if (!exists(pid)) return 'dead';
  return start === 0 ? 'alive' : 'unknown';
}

/** When a process started, in clock ticks since boot; undefined where there is none, or only its entry is left. */
export function startOf(pid: number): number | undefined {
  const stat = statOf(pid);
  return stat === undefined || stat === 'unknown' ? undefined : aliveSince(stat);
}

/** Two containers of one host share its boot and perhaps its folders, and do not see each other's processes. */
function pidNamespace(): string {
  try {
    // A /proc of another namespace tells nothing of the processes that bear our numbers.
    if (readlinkSync('/proc/self') !== String(process.pid)) return NO_NAMESPACE;
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? NO_NAMESPACE;
  } catch {
    return NO_NAMESPACE;
  }
}

function boot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  } catch {
    return NO_BOOT;
  }
}

interface Stat {
  state: string;
  start: number;
}

/** State letter and start of a process; its name, in brackets, may hold anything. Undefined where there is none. */
function statOf(pid: number): Stat | 'unknown' | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: Number(fields[19]) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? undefined : 'unknown';
  }
}

/** Undefined for one that only waits to be reaped. */
const aliveSince = ({ state, start }: Stat): number | undefined =>
  'ZX'.includes(state) ? undefined : start;

/** A signal of nothing tells whether there is such a process, whosever it is. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
