/** What a sandbox consists of, and has to be taken down. */
import type { TaskCgroup } from './cgroup.js';
import type { SandboxFolder } from './folder.js';
import type { UidRange } from './owner.js';
import type { AllowProxy } from './proxy.js';

export interface SandboxParts {
  uid: number | undefined;
  folder: SandboxFolder | undefined;
  cgroup: TaskCgroup | undefined;
  proxy?: AllowProxy;
}

/** @throws Error where something of it stays: it is swept when the worker closes */
export async function takeDown(
  { uid, folder, cgroup, proxy }: SandboxParts,
  uids: UidRange | undefined,
): Promise<void> {
  await cgroup?.kill();
  await Promise.all([proxy?.close(), cgroup?.remove(), folder?.remove()]);
  // Only now: a user with something left of it is not given again.
  if (uid !== undefined) uids?.give(uid);
}
