/** A store holds the executions of one Temporal namespace: mixed with another's, neither could be trusted. */
import type { Client, Connection } from '@temporalio/client';
import type { Store } from '../store/store.js';

const LEASE = 'namespace';
const EVER_MS = 100 * 365 * 86_400_000;

/** The id of a client's namespace, which no other cluster has; undefined where the server does not tell. */
export async function namespaceId(client: Client): Promise<string | undefined> {
  const { namespace } = client.options;
  try {
    const connection = client.connection as Connection;
    const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
    return namespaceInfo?.id || undefined;
  } catch {
    return undefined; // the time-skipping test server has no such call
  }
}

/** The id of the namespace whose executions the store holds; undefined where no worker has kept it yet. */
export async function ownerOf(store: Store, now: number): Promise<string | undefined> {
  return (await store.leases.holder(LEASE, now))?.holder;
}

/** Makes the store this namespace's. @returns false when it is another's */
export async function claimStore(store: Store, id: string, now: number): Promise<boolean> {
  return await store.leases.acquire(LEASE, id, EVER_MS, now);
}

/** Makes the store this namespace's although it was another's, which is gone: a development server's files were removed. */
export async function takeStore(store: Store, id: string, now: number): Promise<void> {
  const owner = await ownerOf(store, now);
  if (owner !== undefined) await store.leases.release(LEASE, owner);
  await store.leases.acquire(LEASE, id, EVER_MS, now);
}
