/**
 * The filter of system calls, as the kernel wants it: classic BPF, made here so that nothing native has to be built.
 *
 * It is a list of what is denied, like Docker's: what is not on it is allowed. x86_64 and aarch64; a call in another
 * convention (32 bits, x32) ends the process.
 */

/** Architectures with a table here, as `process.arch` calls them. */
export const SECCOMP_ARCHS = ['x64', 'arm64'] as const;
export type SeccompArch = (typeof SECCOMP_ARCHS)[number];

const AUDIT_ARCH: Record<SeccompArch, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };

/** Numbers by architecture: x86_64, aarch64. */
type Numbers = readonly [x64: number, arm64: number | undefined];

/** Answered with EPERM. */
const DENIED: Readonly<Record<string, Numbers>> = {
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  unshare: [272, 97],
  setns: [308, 268],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  create_module: [174, undefined],
  open_by_handle_at: [304, 265],
  name_to_handle_at: [303, 264],
  syslog: [103, 116],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  settimeofday: [164, 170],
  adjtimex: [159, 171],
  personality: [135, 92],
  iopl: [172, undefined],
  ioperm: [173, undefined],
  modify_ldt: [154, undefined],
  fanotify_init: [300, 262],
  vmsplice: [278, 75],
  move_pages: [279, 239],
  migrate_pages: [256, 238],
  lookup_dcookie: [212, 18],
  vhangup: [153, 58],
  nfsservctl: [180, 42],
  uselib: [134, undefined],
};
/** Looked at by their arguments, or answered otherwise. */
const SPECIAL = {
  clone: [56, 220],
  clone3: [435, 435],
  socket: [41, 198],
  socketpair: [53, 199],
  ioctl: [16, 29],
} as const satisfies Record<string, Numbers>;

/** CLONE_NEW*, all but the one of time, which clone(2) does not know. */
const NEW_NAMESPACES = 0x7e020000;
/** They put characters into a terminal's input, or a console's. */
const TERMINAL_INPUT = [0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */];
const [AF_UNIX, AF_INET, AF_INET6] = [1, 2, 10];
/** The bit that marks x32 calls on x86_64. */
const X32 = 0x40000000;

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const ANY_BIT = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

const KILL = 0x80000000;
const ALLOW = 0x7fff0000;
const errno = (number: number): number => 0x00050000 | number;
/** The same on both; node's own table holds the host's, which may not be Linux. */
const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97];

/** Offsets in `struct seccomp_data`; of an argument the lower half, little-endian. */
const OFFSET = { nr: 0, arch: 4, argument: (index: number) => 16 + 8 * index };

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];

export interface SeccompOptions {
  arch: SeccompArch;
  /** It may have sockets of IPv4 and IPv6 too. Default: of AF_UNIX only. */
  networked?: boolean;
}

/** The program for `bwrap --seccomp`: eight bytes an instruction, little-endian. */
export function seccompFilter({ arch, networked = false }: SeccompOptions): Buffer {
  const families = networked ? [AF_UNIX, AF_INET, AF_INET6] : [AF_UNIX];
  const number = ([x64, arm64]: Numbers): number | undefined => (arch === 'x64' ? x64 : arm64);
  const when = (call: Numbers, then: readonly Instruction[]): Instruction[] => {
    const nr = number(call);
    return nr === undefined ? [] : [[EQUAL, 0, then.length, nr], ...then];
  };
  const answer = (result: number): Instruction => [RETURN, 0, 0, result];
  const onlyOf = (argument: number, allowed: readonly number[], refusal: number): Instruction[] => [
    [LOAD, 0, 0, OFFSET.argument(argument)],
    ...allowed.map((value, index): Instruction => [EQUAL, allowed.length - index, 0, value]),
    answer(refusal),
    answer(ALLOW),
  ];
  return encode([
    [LOAD, 0, 0, OFFSET.arch],
    [EQUAL, 1, 0, AUDIT_ARCH[arch]],
    answer(KILL),
    [LOAD, 0, 0, OFFSET.nr],
    ...(arch === 'x64' ? ([[AT_LEAST, 0, 1, X32], answer(KILL)] satisfies Instruction[]) : []),
    ...Object.values(DENIED).flatMap((call) => when(call, [answer(errno(EPERM))])),
    // glibc falls back to clone, whose flags can be looked at; those of clone3 lie in memory.
    ...when(SPECIAL.clone3, [answer(errno(ENOSYS))]),
    ...when(SPECIAL.clone, [
      [LOAD, 0, 0, OFFSET.argument(0)],
      [ANY_BIT, 0, 1, NEW_NAMESPACES],
      answer(errno(EPERM)),
      answer(ALLOW),
    ]),
    ...when(SPECIAL.socket, onlyOf(0, families, errno(EAFNOSUPPORT))),
    ...when(SPECIAL.socketpair, onlyOf(0, families, errno(EAFNOSUPPORT))),
    ...when(SPECIAL.ioctl, [
      [LOAD, 0, 0, OFFSET.argument(1)],
      ...TERMINAL_INPUT.map((request, index): Instruction => [
        EQUAL,
        TERMINAL_INPUT.length - index,
        0,
        request,
      ]),
      answer(ALLOW),
      answer(errno(EPERM)),
    ]),
    answer(ALLOW),
  ]);
}

/** The names of the calls that are denied whatever their arguments are, where `arch` has them. */
export function deniedCalls(arch: SeccompArch): Readonly<Record<string, number>> {
  const index = arch === 'x64' ? 0 : 1;
  return Object.fromEntries(
    Object.entries(DENIED).flatMap(([name, numbers]) => {
      const nr = numbers[index];
      return nr === undefined ? [] : [[name, nr]];
    }),
  );
}

function encode(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8);
  instructions.forEach(([code, ifTrue, ifFalse, k], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  });
  return bytes;
}
