/** Executions as a busy month makes them; the same for the same numbers. */
import type { ExecutionKind, ExecutionWrite } from '../../../src/store/execution-row.js';
import type { Status } from '../../../src/domain/status.js';

const DAY = 86_400_000;
const DAYS = 30;
export const BEGIN = Date.UTC(2026, 2, 1);
export const END = BEGIN + DAYS * DAY;

const PROJECTS = ['billing', 'orders', 'warehouse', 'analytics', 'intern'];
const TASKS = ['send-report', 'load', 'transform', 'invoice', 'notify', 'clean', 'import', 'train'];
const ERRORS = [
  'socket hang up',
  'disk is full',
  'row 17 is invalid',
  'connection refused by peer',
];
const REGIONS = ['eu', 'us', 'asia', 'africa'];

/** A number in [0, 1) that looks random and depends on its arguments only. */
function noise(i: number, salt: number): number {
  let x = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
}

const pick = <T>(list: readonly T[], at: number): T => list[Math.floor(at * list.length)] as T;

/** The executions from one number to the one before another, of `of` in all, oldest first. */
export function executionsFrom(from: number, to: number, of: number): ExecutionWrite[] {
  return Array.from({ length: to - from }, (_, k) => executionOf(from + k, of));
}

/** Of twenty: one graph, its thirteen nodes, four lone tasks, two items of a batch. */
function executionOf(i: number, of: number): ExecutionWrite {
  const place = i % 20;
  const graph = Math.floor(i / 20);
  const kind: ExecutionKind =
    place === 0 ? 'graph' : place < 14 ? 'node' : place < 18 ? 'task' : 'item';
  const isNode = kind === 'node';
  const group = isNode ? graph * 20 : i;
  const project = pick(PROJECTS, noise(group, 1) ** 2);
  const taskId = kind === 'graph' ? `${pick(TASKS, noise(i, 2))}-daily` : pick(TASKS, noise(i, 2));
  const createdAt = BEGIN + Math.floor((i / of) * DAYS * DAY);
  const status = statusOf(i, of);
  const ended = status !== 'RUNNING' && status !== 'PENDING';
  const startedAt = createdAt + Math.round(Math.exp(noise(i, 4) * 8));
  const endedAt = startedAt + Math.round(Math.exp(2 + noise(i, 5) * 10));
  const id = isNode ? `g${graph}/n${place}` : kind === 'graph' ? `g${graph}` : `${kind}-${i}`;
  return {
    ...{ executionId: id, kind, sequence: 3, run: { id: `run-${group}`, startedAt: createdAt } },
    ...{ parentId: isNode ? `g${graph}` : null, taskId, taskVersion: '1', project, priority: 3 },
    ...{ status, createdAt, workflowId: isNode ? `g${graph}` : id, maxRetries: 3 },
    ...(status === 'PENDING' ? {} : { startedAt, attempts: noise(i, 6) < 0.08 ? 2 : 1 }),
    ...(ended ? { endedAt, executionTimeMs: endedAt - startedAt } : {}),
    ...(status === 'FAILED'
      ? {
          error: {
            ...{ code: 'E', message: pick(ERRORS, noise(i, 7)) },
            ...{ origin: 'task' as const, retriable: true },
          },
        }
      : {}),
    ...(noise(i, 8) < 0.02 ? { warnings: ['slow'] } : {}),
    ...(isNode ? {} : labels(i)),
    input: { inline: { number: i } },
    ...(ended ? { output: { inline: { rows: i % 997, file: `out/${i}.parquet` } } } : {}),
    statusHistory: [
      { status: 'PENDING', at: createdAt, reason: 'queue' },
      { status: 'RUNNING', at: startedAt, attempt: 1 },
      ...(ended ? [{ status, at: endedAt }] : []),
    ],
  };
}

function labels(i: number): Pick<ExecutionWrite, 'tags' | 'metadata'> {
  return {
    tags: [`team-${Math.floor(noise(i, 9) * 50)}`, ...(noise(i, 10) < 0.3 ? ['nightly'] : [])],
    metadata: {
      region: pick(REGIONS, noise(i, 11)),
      customer: `c${Math.floor(noise(i, 12) * 10_000)}`,
    },
  };
}

/** The last thousandth is under way; before it nearly all has gone well. */
function statusOf(i: number, of: number): Status {
  if (i >= of * 0.999) return noise(i, 3) < 0.5 ? 'RUNNING' : 'PENDING';
  const at = noise(i, 3);
  if (at < 0.9) return 'COMPLETED';
  if (at < 0.96) return 'FAILED';
  if (at < 0.965) return 'TIMEOUT';
  if (at < 0.98) return 'CANCELLED';
  return at < 0.985 ? 'REJECTED' : 'SKIPPED';
}
