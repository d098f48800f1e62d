/**
 * The system calls that a container may not make, as a profile that Docker and Podman take. A deny-list, like theirs,
 * and longer: it is no proof against a kernel's faults. Where the architecture is not the native one the call kills.
 */

/** Refused with EPERM, whatever the arguments. */
export const DENIED_CALLS = [
  ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'pidfd_getfd', 'kcmp'],
  ...['mount', 'umount', 'umount2', 'pivot_root', 'chroot', 'open_tree', 'move_mount', 'fsopen'],
  ...['fsconfig', 'fsmount', 'fspick', 'mount_setattr', 'unshare', 'setns'],
  ...['bpf', 'perf_event_open', 'userfaultfd', 'syslog'],
  ...['io_uring_setup', 'io_uring_enter', 'io_uring_register'],
  ...['keyctl', 'add_key', 'request_key', 'kexec_load', 'kexec_file_load'],
  ...['init_module', 'finit_module', 'delete_module', 'create_module', 'query_module'],
  ...['open_by_handle_at', 'name_to_handle_at', 'lookup_dcookie', 'fanotify_init'],
  ...['reboot', 'swapon', 'swapoff', 'acct', 'quotactl', 'quotactl_fd', 'nfsservctl'],
  ...['clock_settime', 'clock_settime64', 'clock_adjtime', 'clock_adjtime64', 'settimeofday'],
  ...['adjtimex', 'stime', 'personality', 'iopl', 'ioperm', 'modify_ldt', 'vm86', 'vm86old'],
  ...['vmsplice', 'move_pages', 'migrate_pages'],
] as const;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: a namespace of one's own, each by itself. */
const NAMESPACE_FLAGS = [
  0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
] as const;
/** TIOCSTI types into the terminal of others; TIOCLINUX pastes. */
const TERMINAL_REQUESTS = [0x5412, 0x541c] as const;

const [EPERM, ENOSYS, EAFNOSUPPORT] = [1, 38, 97];
const AF_UNIX = 1;
/** AF_INET is 2, AF_INET6 10: what is between and above them. One rule for each: a filter may compare an argument once. */
const NEITHER_UNIX_NOR_INTERNET = [
  ...[0, 3, 4, 5, 6, 7, 8, 9].map((value) => ({ value, op: 'SCMP_CMP_EQ' as const })),
  { value: 10, op: 'SCMP_CMP_GT' as const },
];

interface Argument {
  index: number;
  value: number;
  valueTwo?: number;
  op: 'SCMP_CMP_NE' | 'SCMP_CMP_EQ' | 'SCMP_CMP_GT' | 'SCMP_CMP_MASKED_EQ';
}

export interface SeccompProfile {
  defaultAction: 'SCMP_ACT_ALLOW';
  syscalls: {
    names: readonly string[];
    action: 'SCMP_ACT_ERRNO';
    errnoRet: number;
    args?: readonly Argument[];
  }[];
}

/**
 * The profile of a container: sockets are of AF_UNIX, and on a network of IPv4 and IPv6. Of no other family, also none of
 * AF_VSOCK, which passes network namespaces, nor of netlink.
 *
 * @param networked it is on a network; else it has sockets of AF_UNIX alone
 */
export function seccompProfile(networked = false): SeccompProfile {
  const families = networked
    ? NEITHER_UNIX_NOR_INTERNET
    : [{ value: AF_UNIX, op: 'SCMP_CMP_NE' as const }];
  const refuse = (names: readonly string[], errnoRet: number, args?: readonly Argument[]) =>
    ({ names, action: 'SCMP_ACT_ERRNO', errnoRet, ...(args ? { args } : {}) }) as const;
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      refuse(DENIED_CALLS, EPERM),
      // Its flags lie in memory, where no filter sees them; libc then calls clone.
      refuse(['clone3'], ENOSYS),
      // One rule for each bit: equality under a mask is all there is to compare with.
      ...NAMESPACE_FLAGS.map((flag) =>
        refuse(['clone'], EPERM, [
          { index: 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' },
        ]),
      ),
      ...families.map((one) => refuse(['socket'], EAFNOSUPPORT, [{ index: 0, ...one }])),
      // The kernel looks at the lower half of the request only, so the mask does.
      ...TERMINAL_REQUESTS.map((request) =>
        refuse(['ioctl'], EPERM, [
          { index: 1, value: 0xffffffff, valueTwo: request, op: 'SCMP_CMP_MASKED_EQ' },
        ]),
      ),
    ],
  };
}
