/** `engine.schedules`: what runs at set times, through Temporal's schedules. Nothing of ours polls. */
import { ScheduleNotFoundError, type Client, type ScheduleDescription } from '@temporalio/client';
import { msToTs, tsToDate } from '@temporalio/common/lib/time.js';
import { SpecInvalidError, TaskError, TaskStateError } from '../domain/errors.js';
import { fault, type Fault } from '../domain/fault.js';
import { preview } from '../domain/json.js';
import { YEARS } from '../domain/schedule-field.js';
import { nextTimes } from '../domain/schedule-next.js';
import { timePhrases } from '../domain/schedule-text.js';
import { parseTimes, type ScheduleTimes } from '../domain/schedule-times.js';
import { parseInstant } from '../domain/schedule-zone.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import { didYouMean } from '../domain/suggest.js';
import { SEARCH_ATTRIBUTE, WORKFLOW } from '../workflows/messages.js';
import { reaching } from './connect.js';
import { recordOf } from './record.js';
import { defined, mergedTimes, policiesOf, stateOf } from './schedule-changes.js';
import { refusalOf } from './schedule-errors.js';
import { expressionFaults } from './schedule-literals.js';
import {
  overlapOf,
  parsePolicies,
  scheduleIdFaults,
  sortOptions,
  type Overlap,
  type ScheduleOptions,
  type ScheduleUpdate,
} from './schedule-options.js';
import {
  scheduleRecordOf,
  summaryOf,
  type ScheduleRecord,
  type ScheduleSummary,
} from './schedule-record.js';
import { specOf, timesOf } from './schedule-spec.js';
import { trigger, type TriggerAnswer } from './schedule-trigger.js';
import { changedWork, requestOf, workOf } from './schedule-work.js';

/** What the engine lends. */
export interface SchedulesParts {
  client: Client;
  address: string;
  taskQueue: string;
  /** Search attributes that the namespace has. */
  attributes: () => Promise<ReadonlySet<string>>;
  /** @throws TaskStateError after shutdown */
  assertOpen: () => void;
  /** The graph of a template. @throws TaskError NOT_FOUND, SpecInvalidError */
  named: (name: string) => GraphSpec;
}

/** Which schedules are listed. */
export interface ScheduleListQuery {
  project?: string;
  /** Default 100, at most 1,000. */
  limit?: number;
}

/** A span of time of which every time is made up for. */
export interface Backfill {
  /** ISO time with an offset, or without one in the schedule's time zone; both ends belong to it. */
  from: Date | string;
  to: Date | string;
  /** Default bufferAll: one after another, none left out. */
  overlap?: Overlap;
  /** Tells the times, and starts nothing. Default false. */
  dryRun?: boolean;
}

/** When a schedule would start something. */
export interface SchedulePreview {
  /** ISO times, soonest first; without jitter. */
  next: string[];
  /** A phrase each, as in a schedule's record. */
  when: string[];
  timezone: string;
}

/** A page of schedules. */
export interface ScheduleList {
  schedules: ScheduleSummary[];
  /** There are others, which the limit left out. */
  more: boolean;
}

const LIST_LIMIT = 1_000;
/** Starts of one backfill: the server tells no more times at once, and a schedule holds no more starts that wait. */
const BACKFILL_LIMIT = 1_000;
const PREVIEWED = 10;
/** Parts of a schedule that is previewed: it is computed here, and not by the server. */
const PREVIEWED_PARTS = 100;

/** What runs at set times, on Temporal's schedules. */
export class Schedules {
  private readonly given = new Map<string, number>();

  constructor(private readonly parts: SchedulesParts) {}

  /**
   * Creates a schedule: `id`, what to run as where it is submitted, and when.
   *
   * @throws SpecInvalidError with every fault, TaskStateError for an id that is there; TaskError NOT_FOUND for a name
   *   that no template has
   */
  async create(options: ScheduleOptions): Promise<ScheduleRecord> {
    this.parts.assertOpen();
    const { id } = options;
    const faults = scheduleIdFaults('id', id);
    const { times, policies, work } = sortOptions(options, faults);
    const { executionId = id, ...said } = work;
    if (executionId !== id) faults.push(...scheduleIdFaults('executionId', executionId));
    const parsed = parseTimes(times, Date.now(), faults);
    const { overlap, catchupWindow, pauseOnFailure, ...state } = parsePolicies(policies, faults);
    faults.push(...expressionFaults(said));
    const found = workOf(this.withGraph(said), faults);
    const request = found && (await this.request(found, executionId as string, faults));
    if (!request || faults.length > 0) throw new SpecInvalidError(faults, 'schedule');
    const { action, attributes } = request;
    await this.call(id, () =>
      this.parts.client.schedule.create({
        scheduleId: id,
        spec: specOf(parsed),
        action,
        policies: defined({ overlap, catchupWindow, pauseOnFailure }),
        state: stateOf(state),
        ...(action.memo ? { memo: action.memo } : {}),
        typedSearchAttributes: attributes,
      }),
    );
    return await this.get(id);
  }

  /**
   * The next times, at most ten, of a schedule that is not there yet; nothing is created and no server is asked.
   *
   * @throws SpecInvalidError with every fault
   */
  preview(times: ScheduleTimes): SchedulePreview {
    const faults: Fault[] = [];
    const sorted = sortOptions(times, faults);
    const now = Date.now();
    const parsed = parseTimes(sorted.times, now, faults);
    const { cron, every, calendars, skip } = parsed;
    const parts = [cron, every, calendars, skip].reduce((sum, { length }) => sum + length, 0);
    if (parts > PREVIEWED_PARTS)
      faults.push(
        fault([], 'TOO_LARGE', `expected at most ${PREVIEWED_PARTS} parts, got ${parts}`),
      );
    if (faults.length > 0) throw new SpecInvalidError(faults, 'times');
    const next = nextTimes(parsed, now, PREVIEWED).map((time) => new Date(time).toISOString());
    return { next, when: timePhrases(sorted.times), timezone: parsed.timezone };
  }

  /** Schedules by id, from Temporal's visibility: new ones may be missing for a second. */
  async list(query: ScheduleListQuery = {}): Promise<ScheduleList> {
    this.parts.assertOpen();
    const limit = Math.min(Math.max(1, query.limit ?? 100), LIST_LIMIT);
    const schedules: ScheduleSummary[] = [];
    const filter = await this.filterOf(query);
    await reaching(this.parts.address, async () => {
      for await (const one of this.parts.client.schedule.list(filter)) {
        if (one.action?.workflowType === WORKFLOW.graph) schedules.push(summaryOf(one));
        if (schedules.length > LIST_LIMIT) break;
      }
    });
    schedules.sort((a, b) => a.id.localeCompare(b.id));
    return { schedules: schedules.slice(0, limit), more: schedules.length > limit };
  }

  /** @throws TaskError NOT_FOUND, with the id that was meant where one is near */
  async get(id: string): Promise<ScheduleRecord> {
    const description = await this.describe(id);
    return await scheduleRecordOf(description, async (executionId) => {
      const { workflow } = this.parts.client;
      return recordOf(await workflow.getHandle(executionId).describe()).status;
    });
  }

  /** Nothing starts by the clock until `resume`; `trigger` and `backfill` still do. @throws TaskError NOT_FOUND */
  async pause(id: string, note = 'paused'): Promise<void> {
    const handle = await this.handle(id);
    await this.call(id, () => handle.pause(note));
  }

  /** What was due meanwhile is not made up for: `backfill` does that. @throws TaskError NOT_FOUND */
  async resume(id: string, note = 'resumed'): Promise<void> {
    const handle = await this.handle(id);
    await this.call(id, () => handle.unpause(note));
  }

  /**
   * Starts one execution now, also while the schedule is paused, and tells which.
   *
   * @param options `overlap` stands above the schedule's own
   * @throws TaskError NOT_FOUND, SpecInvalidError
   */
  async trigger(id: string, options: { overlap?: Overlap } = {}): Promise<TriggerAnswer> {
    const faults: Fault[] = [];
    const overlap = options.overlap && overlapOf(options.overlap, faults);
    if (faults.length > 0) throw new SpecInvalidError(faults, 'trigger');
    await this.handle(id);
    return await this.call(id, () =>
      trigger({ client: this.parts.client, scheduleId: id, given: this.given, overlap }),
    );
  }

  /**
   * Starts an execution for every time of the schedule in a span, as if it were passing now; also for times that had
   * one. It gives the times. Pausing the schedule does not stop it; deleting the schedule does.
   *
   * @throws TaskError NOT_FOUND, SpecInvalidError, also when no time lies in the span, or more than 1,000 do
   */
  async backfill(
    id: string,
    { from, to, overlap = 'bufferAll', dryRun = false }: Backfill,
  ): Promise<{ times: string[] }> {
    const { spec } = await this.describe(id);
    const faults: Fault[] = [];
    const instant = (field: string, value: unknown): number => {
      try {
        const at = parseInstant(value, spec.timezone || undefined);
        if (at >= Date.UTC(YEARS.least, 0) && at < Date.UTC(YEARS.most + 1, 0)) return at;
        // The server counts nanoseconds, and starts at other times what is too far for them.
        throw new RangeError(
          `expected a time in the years ${YEARS.least} to ${YEARS.most}, got ${preview(value)}`,
        );
      } catch (error) {
        faults.push(fault([field], 'INVALID_VALUE', (error as Error).message));
        return NaN;
      }
    };
    // The server's documents leave the start out, and the server does not: no time lies in that last millisecond.
    const start = new Date(instant('from', from) - 1);
    const end = new Date(instant('to', to));
    const policy = overlapOf(overlap, faults);
    if (end <= start)
      faults.push(fault(['to'], 'INVALID_VALUE', `expected a time after from, got ${preview(to)}`));
    const times = faults.length > 0 ? [] : await this.matching(id, start, end);
    if (faults.length === 0 && times.length === 0)
      faults.push(fault(['from'], 'INVALID_VALUE', 'the schedule has no time from there to `to`'));
    faults.push(...(await this.tooManyFaults(id, times, end)));
    if (!policy || faults.length > 0) throw new SpecInvalidError(faults, 'backfill');
    if (dryRun) return { times };
    const handle = this.parts.client.schedule.getHandle(id);
    await this.call(id, () => handle.backfill({ start, end, overlap: policy }));
    return { times };
  }

  /**
   * Changes what is said; the rest stays, executions that run too.
   *
   * @throws TaskError NOT_FOUND, SpecInvalidError with every fault
   */
  async update(id: string, changes: ScheduleUpdate): Promise<ScheduleRecord> {
    const faults: Fault[] = [];
    const { times, policies, work } = sortOptions(changes, faults);
    const before = await this.describe(id);
    const { action: actionBefore } = before;
    const { executionId = actionBefore.workflowId, ...said } = work;
    if (executionId !== actionBefore.workflowId)
      faults.push(...scheduleIdFaults('executionId', executionId));
    const spec =
      Object.keys(times).length === 0
        ? before.spec
        : specOf(parseTimes(mergedTimes(timesOf(before.spec), times), Date.now(), faults));
    const { overlap, catchupWindow, pauseOnFailure, ...state } = parsePolicies(
      { ...policiesOf(before), ...policies },
      faults,
    );
    const [, submission] = actionBefore.args as [GraphSpec, Submission | undefined];
    faults.push(...expressionFaults(said, submission?.params));
    const changed =
      Object.keys(said).length > 0 ? changedWork(before, this.withGraph(said), faults) : undefined;
    const request = changed && (await this.request(changed, executionId as string, faults));
    if (faults.length > 0) throw new SpecInvalidError(faults, 'schedule');
    const action = request?.action ?? { ...actionBefore, workflowId: executionId as string };
    await this.call(id, () =>
      this.parts.client.schedule.getHandle(id).update(() => ({
        spec,
        action,
        policies: { ...before.policies, ...defined({ overlap, catchupWindow, pauseOnFailure }) },
        state: { ...before.state, ...stateOf(state) },
        ...(request ? { typedSearchAttributes: request.attributes } : {}),
      })),
    );
    return await this.get(id);
  }

  /** Executions that it started go on. @throws TaskError NOT_FOUND */
  async delete(id: string): Promise<void> {
    const handle = await this.handle(id);
    await this.call(id, () => handle.delete());
  }

  /** A template is read when the schedule is made: a file that changes later changes no schedule. */
  private withGraph(said: Record<string, unknown>): Record<string, unknown> {
    const { graph } = said;
    return typeof graph === 'string' ? { ...said, graph: this.parts.named(graph) } : said;
  }

  private async request(
    work: Parameters<typeof requestOf>[0],
    workflowId: string,
    faults: Fault[],
  ): Promise<ReturnType<typeof requestOf>> {
    const { taskQueue, attributes } = this.parts;
    return requestOf(work, { taskQueue, workflowId, attributes: await attributes() }, faults);
  }

  private async filterOf({ project }: ScheduleListQuery): Promise<{ query?: string }> {
    if (project === undefined) return {};
    const attribute = SEARCH_ATTRIBUTE.project;
    if ((await this.parts.attributes()).has(attribute))
      return { query: `${attribute} = '${project.replaceAll("'", "''")}'` };
    throw new TaskError(
      'CONFIGURATION',
      `the namespace has no search attribute ${attribute}, so it cannot be filtered by`,
    );
  }

  /** A year too many is typed easily, and what was asked for cannot be taken back while the schedule is there. */
  private async tooManyFaults(id: string, times: readonly string[], end: Date): Promise<Fault[]> {
    const last = times[BACKFILL_LIMIT - 1];
    if (last === undefined) return [];
    const after = new Date(Date.parse(last) + 1);
    if (after >= end || (await this.matching(id, after, end)).length === 0) return [];
    const message = `expected a span of at most ${BACKFILL_LIMIT} starts, got more: the first ${BACKFILL_LIMIT} end at ${last}`;
    return [fault(['to'], 'INVALID_VALUE', message, 'do these first, then the rest')];
  }

  private async matching(id: string, start: Date, end: Date): Promise<string[]> {
    const { client } = this.parts;
    const { startTime } = await this.call(id, () =>
      client.workflowService.listScheduleMatchingTimes({
        namespace: client.options.namespace,
        scheduleId: id,
        startTime: msToTs(start.getTime()),
        endTime: msToTs(end.getTime()),
      }),
    );
    return startTime.map((time) => tsToDate(time).toISOString());
  }

  /** @throws TaskError NOT_FOUND; TaskStateError for a schedule that is none of ours */
  private async describe(id: string): Promise<ScheduleDescription> {
    this.parts.assertOpen();
    const description = await this.call(id, () =>
      this.parts.client.schedule.getHandle(id).describe(),
    );
    const { workflowType } = description.action;
    if (workflowType === WORKFLOW.graph) return description;
    throw new TaskStateError(
      `schedule ${JSON.stringify(id)} starts the workflow ${JSON.stringify(workflowType)}, not ${WORKFLOW.graph}: it is none of Tempograph's; use the temporal command for it`,
    );
  }

  private async handle(id: string) {
    await this.describe(id);
    return this.parts.client.schedule.getHandle(id);
  }

  /** Runs a call about a schedule, and turns what the SDK throws into errors of ours. */
  private async call<T>(id: string, run: () => Promise<T>): Promise<T> {
    try {
      return await reaching(this.parts.address, run);
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) throw await this.notFound(id);
      throw refusalOf(id, error);
    }
  }

  private async notFound(id: string): Promise<TaskError> {
    const { schedules } = await this.list({ limit: LIST_LIMIT }).catch(() => ({ schedules: [] }));
    const others = schedules.map((one) => one.id).filter((one) => one !== id);
    const hint = didYouMean(id, others);
    return new TaskError(
      'NOT_FOUND',
      `there is no schedule ${JSON.stringify(id)} in this namespace${hint ? ` (${hint})` : ''}`,
    );
  }
}
