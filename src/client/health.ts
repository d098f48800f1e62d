/** Whether an engine can do its work. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { messageOf } from '../domain/errors.js';
import type { StoreAccess } from './store-access.js';

/** Whether Temporal, the store and workers answer. */
export interface Health {
  ready: boolean;
  /** `up`, or what is wrong. */
  temporal: string;
  /** `up`, `none` where there is none (yet), or what is wrong. */
  store: string;
}

/** What has not answered by then is down, in milliseconds. */
const PATIENCE_MS = 3_000;

/** @param wanted whether the settings want a store */
export async function healthOf(
  client: Client,
  stores: StoreAccess,
  wanted: boolean,
): Promise<Health> {
  const [temporal, store] = await Promise.all([
    told(async () => {
      await client.workflowService.getSystemInfo({});
      return 'up';
    }),
    told(async () => {
      const found = wanted ? await stores.get('there') : undefined;
      await found?.events.head();
      return found ? 'up' : 'none';
    }),
  ]);
  return { ready: temporal === 'up' && (store === 'up' || store === 'none'), temporal, store };
}

async function told(ask: () => Promise<string>): Promise<string> {
  const asked = ask().catch(messageOf);
  const timer = new AbortController();
  const late = sleep(PATIENCE_MS, `no answer within ${PATIENCE_MS} ms`, timer);
  late.catch(() => undefined);
  try {
    return await Promise.race([asked, late]);
  } finally {
    timer.abort();
  }
}
