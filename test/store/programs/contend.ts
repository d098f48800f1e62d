/**
 * One of several processes that want the same of one store at the same time. Says `ready`, goes on at the first line of
 * its input, and prints what it got.
 */
import { once } from 'node:events';
import { openStore } from '../../../src/store/store.js';
import type { ExecutionWrite } from '../../../src/store/execution-row.js';

const [url = '', name = ''] = process.argv.slice(2);
const NOW = Date.UTC(2026, 2, 14);
const ROWS = 400;

/** Each process tells the whole story of the same executions, in an order of its own. */
function story(): ExecutionWrite[] {
  const writes = Array.from({ length: ROWS }, (_, i): ExecutionWrite[] => {
    const base = {
      ...{ executionId: `e${i}`, kind: 'task' as const, run: { id: `r${i}`, startedAt: NOW } },
      ...{ project: 'p', taskId: `t${i % 3}` },
    };
    return [
      { ...base, sequence: 1, status: 'PENDING', createdAt: NOW + i },
      { ...base, sequence: 2, status: 'RUNNING', startedAt: NOW + i + 5, attempts: 1 },
      { ...base, sequence: 3, status: 'COMPLETED', endedAt: NOW + i + 50, attempts: 2 },
    ];
  }).flat();
  return name === 'a' ? writes : writes.reverse();
}

const store = await openStore({ url });
console.log('ready');
await once(process.stdin, 'data');

const writes = story();
const keys = Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, executionId: `${name}-${i}` }));
if (name !== 'a') keys.reverse();
const size = 150;
for (let from = 0; from < writes.length; from += size)
  await store.executions.record(writes.slice(from, from + size), NOW);
const owned = await store.batchKeys.claim('p', keys, NOW);
const lease = await store.leases.acquire('leader', name, 60_000, NOW);
const claim = await store.cache.claim('p', 'k', name, 60_000, NOW);
for (let i = 0; i < 5; i++) await store.circuits.recordFailure('p', 'api', name, NOW);
const probe = await store.circuits.tryEnter('p', 'api', name, NOW + 40_000);
const added = await store.errorLists.add({ project: 'p', list: 'retryOn', code: 'E' }, NOW);
await store.close();
console.log(
  JSON.stringify({
    ...{ lease, added, claimed: claim.outcome, probe: probe.outcome },
    keys: owned.filter(({ own }) => own).length,
  }),
);
process.exit(0);
