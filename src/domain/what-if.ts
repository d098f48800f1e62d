/**
 * What if: a recorded execution once more in virtual time, as it was and with something changed.
 *
 * Each node takes as long as it took then, from when it was handed to a worker to its end, and its attempts fail as they
 * did. What it waited for before is not recorded but found again: dependencies, window, limits, start times. What its
 * nodes cost outside that is learned from the record itself, where it tells (`overhead.ts`), and the same after a change.
 */
import type { Course, CourseAttempt } from './course.js';
import { withoutAttempt } from './course.js';
import { formatDuration, parseDuration, type Duration } from './duration.js';
import { fault, type Fault } from './fault.js';
import { getOwn, preview, setOwn } from './json.js';
import { LIMIT_MOST } from './limit.js';
import { learnOverhead, type NodeOverhead } from './overhead.js';
import { schedulerNodes, type NodeClass, type Plan } from './plan.js';
import { PRIORITIES, PRIORITY_KEY, type Priority } from './priority.js';
import { simulate, type SimulatedWaits, type Simulation } from './simulate.js';
import type { StatusReason, TerminalStatus } from './status.js';
import { didYouMean } from './suggest.js';

/** What to change. */
export interface WhatIfChanges {
  /** The window, 1 to 1,000. */
  concurrency?: number;
  /** Places of keyed limits, by key. */
  limits?: Readonly<Record<string, number>>;
  /** Priorities, by node. */
  priorities?: Readonly<Record<string, Priority>>;
  /** How long nodes take from when a worker may have them, all attempts included, by node. */
  durations?: Readonly<Record<string, Duration>>;
}

/** A node as it was recorded. Times in epoch milliseconds. */
export interface RecordedNode {
  status: TerminalStatus;
  reason?: StatusReason;
  /** When it was first handed to a worker. */
  scheduledAt?: number;
  endedAt?: number;
  /** The last of its attempts, oldest first. */
  attempts: readonly { startedAt: number; endedAt?: number; waitMs?: number }[];
}

export interface Recorded {
  plan: Plan;
  startedAt: number;
  durationMs: number;
  /** In the order of the plan. */
  nodes: readonly RecordedNode[];
  /** Places of limits where the plan does not say, by key. */
  limits: Readonly<Record<string, { max: number }>>;
  serverWaitsMs: number;
}

/** The makespan, and what it is made of, before and after a change. Times in milliseconds. */
export interface WhatIf {
  /** As it was recorded. */
  recordedMs: number;
  /** As it was, simulated: how near the simulation comes. */
  simulatedMs: number;
  /** With the change. */
  changedMs: number;
  /** `simulatedMs - changedMs`. */
  savedMs: number;
  /** The sums over all nodes of what they waited for. */
  waits: { before: SimulatedWaits; after: SimulatedWaits };
  peakParallelism: { before: number; after: number };
  /** What each node cost beside its time as recorded, before and after; 0 where the record does not tell. */
  overhead: NodeOverhead;
  /** The chain of nodes that the makespan is due to. */
  makespanPath: { before: string[]; after: string[] };
  nodes: Record<string, { before: SimulatedSpan; after: SimulatedSpan }>;
  notes: string[];
}

export interface SimulatedSpan {
  startMs: number | null;
  endMs: number;
  status: TerminalStatus;
}

/** What is wrong with the changes; each fault names its place, such as `priorities.load`. */
export function whatIfFaults(changes: WhatIfChanges, plan: Plan): Fault[] {
  const { concurrency, limits = {}, priorities = {}, durations = {} } = changes;
  const ids = new Set(plan.nodes.map(({ id }) => id));
  const keys = new Set((plan.limits ?? []).map(({ key }) => key));
  const whole = (path: string[], value: unknown, most: number): Fault[] =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most
      ? []
      : [
          fault(
            path,
            'INVALID_VALUE',
            `expected a whole number from 1 to ${most}, got ${preview(value)}`,
          ),
        ];
  const named = (what: string, name: string, known: ReadonlySet<string>, noun: string): Fault[] =>
    known.has(name)
      ? []
      : [
          fault(
            [what, name],
            'UNKNOWN_REFERENCE',
            `the graph has no such ${noun}`,
            didYouMean(name, known),
          ),
        ];
  return [
    ...(concurrency === undefined ? [] : whole(['concurrency'], concurrency, 1_000)),
    ...Object.entries(limits).flatMap(([key, max]) => [
      ...named('limits', key, keys, 'limit'),
      ...whole(['limits', key], max, LIMIT_MOST),
    ]),
    ...Object.entries(priorities).flatMap(([id, priority]) => [
      ...named('priorities', id, ids, 'node'),
      ...(PRIORITIES.includes(priority)
        ? []
        : [
            fault(
              ['priorities', id],
              'INVALID_VALUE',
              `expected one of ${PRIORITIES.join(', ')}, got ${preview(priority)}`,
            ),
          ]),
    ]),
    ...Object.entries(durations).flatMap(([id, duration]) => [
      ...named('durations', id, ids, 'node'),
      ...durationFaults(id, duration),
    ]),
  ];
}

function durationFaults(id: string, duration: Duration): Fault[] {
  try {
    parseDuration(duration);
    return [];
  } catch (error) {
    return [fault(['durations', id], 'INVALID_VALUE', (error as Error).message)];
  }
}

/** Simulates a recorded execution twice. The changes have no faults. */
export function whatIf(recorded: Recorded, changes: WhatIfChanges): WhatIf {
  const { plan, durationMs } = recorded;
  const overhead = recordedOverhead(recorded);
  const before = replay(recorded, {}, overhead);
  const after = replay(recorded, changes, overhead);
  const simulatedMs = Math.round(before.makespanMs);
  const changedMs = Math.round(after.makespanMs);
  const ids = plan.nodes.map(({ id }) => id);
  const named = ({ criticalPath }: Simulation): string[] =>
    criticalPath.map((index) => ids[index] ?? '');
  const nodes: WhatIf['nodes'] = {};
  ids.forEach((id, index) =>
    setOwn(nodes, id, { before: spanOf(before, index), after: spanOf(after, index) }),
  );
  return {
    recordedMs: durationMs,
    ...{ simulatedMs, changedMs, savedMs: simulatedMs - changedMs, overhead },
    waits: { before: totals(before), after: totals(after) },
    peakParallelism: { before: before.peakParallelism, after: after.peakParallelism },
    makespanPath: { before: named(before), after: named(after) },
    nodes,
    notes: notesOf(recorded, after, overhead),
  };
}

/** What the record tells its nodes to have cost; the way to a worker is in their times already. */
function recordedOverhead({ nodes, durationMs }: Recorded): NodeOverhead {
  const past = { nodes: 0, durationMs, nodesMs: 0, queueMs: 0, attempts: 0 };
  for (const { scheduledAt, endedAt, attempts } of nodes.filter(ranToItsEnd)) {
    const startedAt = attempts[0]?.startedAt;
    if (scheduledAt === undefined || endedAt === undefined || startedAt === undefined) continue;
    past.nodes++;
    past.attempts += attempts.length;
    past.queueMs += Math.max(0, startedAt - scheduledAt);
    past.nodesMs += Math.max(0, endedAt - startedAt);
  }
  const told = learnOverhead([past]);
  const stepMs = told.stepMs - past.queueMs / past.nodes;
  return {
    stepMs: told.stepFrom === 'history' ? Math.max(0, Math.round(stepMs * 10) / 10) : 0,
    perNodeMs: told.perNodeFrom === 'history' ? told.perNodeMs : 0,
  };
}

function replay(recorded: Recorded, changes: WhatIfChanges, overhead: NodeOverhead): Simulation {
  const { plan, startedAt, limits } = recorded;
  const { concurrency = plan.concurrency, priorities = {}, durations = {} } = changes;
  const nodes = schedulerNodes(plan).map((node, index) => {
    const priority = getOwn(priorities, plan.nodes[index]?.id ?? '');
    return priority === undefined ? node : { ...node, priorityKey: PRIORITY_KEY[priority] };
  });
  const courses = plan.nodes.map(({ id, class: at }, index) => {
    const duration = getOwn(durations, id);
    const course = recordedCourse(recorded.nodes[index], plan.classes[at], recorded.serverWaitsMs);
    return duration === undefined || course.attempts.length === 0
      ? course
      : { ...course, attempts: [{ runMs: parseDuration(duration) }] };
  });
  const max = (plan.limits ?? []).map(
    ({ key, max: own }) =>
      getOwn(changes.limits ?? {}, key) ?? own ?? getOwn(limits, key)?.max ?? Infinity,
  );
  return simulate({
    ...{ nodes, courses, startedAt, options: { concurrency, onFailure: plan.onFailure } },
    overheads: nodes.map(() => overhead),
    ...(plan.lanes ? { limits: { max, lanes: plan.lanes } } : {}),
  });
}

/** A node that did not run then is taken to last a second, should it run now. */
const UNRECORDED_MS = 1_000;

/** The course that a node took, from when it was handed to a worker; a wait for a worker is part of the attempt. */
export function recordedCourse(
  node: RecordedNode | undefined,
  options: Pick<NodeClass, 'lane' | 'circuit'> | undefined,
  serverWaitsMs: number,
): Course {
  const { status, reason, scheduledAt, endedAt, attempts = [] } = node ?? { status: 'COMPLETED' };
  if (status === 'SKIPPED' && reason === 'condition') return withoutAttempt(status, reason);
  if (!ranToItsEnd(node) || scheduledAt === undefined || endedAt === undefined)
    return { attempts: [{ runMs: UNRECORDED_MS }], status: 'COMPLETED' };
  const course: CourseAttempt[] = [];
  const limited = options?.lane !== undefined || options?.circuit !== undefined;
  let from = scheduledAt;
  for (const attempt of attempts.slice(0, -1)) {
    const { endedAt: ended, waitMs = 0 } = attempt;
    if (ended === undefined) continue;
    const releases = limited || waitMs > serverWaitsMs;
    course.push({
      runMs: Math.max(0, ended - from),
      waitMs,
      ...(releases ? { releases: true as const } : {}),
    });
    // After a wait without its place it had to get one again: that is found, not recorded.
    const next = attempts[attempts.indexOf(attempt) + 1];
    from = releases && next ? Math.max(ended + waitMs, next.startedAt) : ended + waitMs;
  }
  course.push({ runMs: Math.max(0, endedAt - from) });
  return { attempts: course, status, ...(reason === undefined ? {} : { reason }) };
}

/** False for one that never began, or was stopped. */
const ranToItsEnd = (node: RecordedNode | undefined): boolean =>
  node !== undefined && node.status !== 'SKIPPED' && node.status !== 'CANCELLED';

function notesOf(
  { plan, nodes, limits, durationMs, startedAt }: Recorded,
  after: Simulation,
  { stepMs, perNodeMs }: NodeOverhead,
): string[] {
  const started = plan.nodes.flatMap(({ id }, index) =>
    !ranToItsEnd(nodes[index]) && after.nodes[index]?.startMs != null ? [id] : [],
  );
  const open = (plan.limits ?? []).filter(
    ({ key, max }) => max === undefined && !Object.hasOwn(limits, key),
  );
  const ended = nodes.map(({ endedAt = startedAt }) => endedAt - startedAt);
  const tailMs = durationMs - Math.max(0, ...ended);
  return [
    ...(started.length > 0
      ? [
          `${started.slice(0, 5).join(', ')}${started.length > 5 ? ` and ${started.length - 5} more` : ''} did not run to an end then: taken to last ${formatDuration(UNRECORDED_MS)}`,
        ]
      : []),
    ...open.map(
      ({ key }) => `the limit ${JSON.stringify(key)} has no max here: taken to have room`,
    ),
    ...(plan.limits ? ['places that other executions took of its limits are not simulated'] : []),
    ...(stepMs > 0 ? [`each step cost ${stepMs} ms beside its node: taken as it was`] : []),
    ...(perNodeMs > 0
      ? [
          `server and workers carried a node every ${perNodeMs} ms, however many could run: taken as it was`,
        ]
      : []),
    ...(tailMs > 1_000
      ? [`${formatDuration(tailMs)} after the end of its last node are not simulated`]
      : []),
  ];
}

const spanOf = ({ nodes }: Simulation, index: number): SimulatedSpan => {
  const { startMs = null, endMs = 0, status = 'SKIPPED' } = nodes[index] ?? {};
  return {
    startMs: startMs === null ? null : Math.round(startMs),
    endMs: Math.round(endMs),
    status,
  };
};

function totals({ nodes }: Simulation): SimulatedWaits {
  const sum = { dependencies: 0, startTime: 0, window: 0, limit: 0, backoff: 0, overhead: 0 };
  for (const { waits } of nodes)
    for (const key of Object.keys(sum) as (keyof SimulatedWaits)[]) sum[key] += waits[key];
  for (const key of Object.keys(sum) as (keyof SimulatedWaits)[]) sum[key] = Math.round(sum[key]);
  return sum;
}
