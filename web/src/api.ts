/** The server's API: `/api/v1`, JSON; an answer that is no 2xx is thrown as {@link Problem}. */
import type { CircuitRecord } from '../../src/client/circuits.js';
import type { LimitRecord, LimitStatus } from '../../src/client/limits.js';
import type { ExecutionRecord } from '../../src/client/record.js';
import type { SystemDetail } from '../../src/client/system-detail.js';
import type { Explanation } from '../../src/domain/explain.js';
import type { Fault } from '../../src/domain/fault.js';
import type { GraphForecast } from '../../src/domain/forecast.js';
import type { LogLine } from '../../src/domain/log-line.js';
import type { AttemptRecord } from '../../src/domain/outcome.js';
import type { NodeArtifact } from '../../src/domain/artifact.js';
import type { ParamSpec } from '../../src/domain/spec.js';
import type { RerunPlan } from '../../src/client/rerun.js';
import type { StatsGrouping, StatsOrder } from '../../src/domain/statistics.js';
import type { ExecutionStats } from '../../src/store/stats.js';
import type { Answer, ApprovalView } from '../../src/workflows/messages.js';
import { refuse, token } from './session.js';

const BASE = '/api/v1';

/** What the server said instead of an answer. `status` 0: it did not answer. */
export class Problem extends Error {
  override name = 'Problem';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly faults: readonly Fault[] = [],
  ) {
    super(message);
  }
}

export interface Meta {
  version: string;
  webUi: string | null;
  namespace: string;
  authentication: 'open' | 'required';
}

export interface ExecutionPage {
  executions: ExecutionRecord[];
  nextCursor?: string | null;
}

export interface Approval {
  executionId: string;
  nodeId: string;
  approval: ApprovalView;
}

/** As much of a spec as the page draws. */
export interface DrawnSpec {
  name?: string;
  tasks?: DrawnNode[];
}
export interface DrawnNode {
  id: string;
  task?: string;
  dependsOn?: string[];
  map?: unknown;
  graph?: unknown;
  approval?: unknown;
  process?: unknown;
  container?: unknown;
  faas?: unknown;
}

export interface Pipeline {
  name: string;
  description?: string;
  params: Record<string, ParamSpec>;
  faults?: Fault[];
}
export interface GraphOf {
  graph: DrawnSpec;
  params: Record<string, unknown>;
}
export interface LogPage {
  lines: LogLine[];
  next: number;
  more: boolean;
}
/** Asks the server; `body` is sent as JSON. */
export async function ask(path: string, init: RequestInit & { json?: unknown } = {}) {
  const { json, ...rest } = init;
  const headers = new Headers(rest.headers);
  const key = token();
  if (key) headers.set('authorization', `Bearer ${key}`);
  if (json !== undefined) headers.set('content-type', 'application/json');
  const answer = await fetch(BASE + path, {
    ...{ credentials: 'omit', cache: 'no-store', ...rest, headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  }).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw new Problem(0, 'UNREACHABLE', String(error));
  });
  if (answer.ok) return answer;
  if (answer.status === 401) refuse();
  throw await problemOf(answer);
}

async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text().catch(() => '');
  try {
    const { title, detail, code, faults } = JSON.parse(text) as {
      title?: string;
      detail?: string;
      code?: string;
      faults?: Fault[];
    };
    const said = detail ?? title ?? `HTTP ${answer.status}`;
    return new Problem(answer.status, code ?? '', said, faults ?? []);
  } catch {
    return new Problem(answer.status, '', `HTTP ${answer.status}`);
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await ask(path, signal ? { signal } : {})).json()) as T;
}

export async function post<T>(path: string, json: unknown, signal?: AbortSignal): Promise<T> {
  const init = { method: 'POST', json, ...(signal ? { signal } : {}) };
  return (await (await ask(path, init)).json()) as T;
}

/** `?a=1&b=2`; what is empty is left out. */
export function queryOf(values: Record<string, string | number | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  return query.size > 0 ? `?${query.toString()}` : '';
}

const at = (executionId: string) => `/executions/${encodeURIComponent(executionId)}`;
const nodeAt = (executionId: string, nodeId: string) =>
  `${at(executionId)}/nodes/${encodeURIComponent(nodeId)}`;

export interface ExecutionFilter {
  status?: string | undefined;
  text?: string | undefined;
  taskId?: string | undefined;
  project?: string | undefined;
  kind?: string | undefined;
  cursor?: string | undefined;
}

export interface StatsQuery {
  by?: StatsGrouping;
  project?: string;
  taskId?: string;
  kind?: string;
  since?: string;
  until?: string;
  order?: StatsOrder;
  limit?: number;
}

/** Whose limit or circuit it is; null: of executions without a project. */
type Project = string | null;

export const api = {
  meta: (signal?: AbortSignal) => get<Meta>('/meta', signal),
  system: (signal?: AbortSignal) => get<SystemDetail>('/system', signal),
  stats: (query: StatsQuery, signal?: AbortSignal) =>
    get<ExecutionStats>(`/stats${queryOf({ ...query })}`, signal),
  limits: async (signal?: AbortSignal) =>
    (await get<{ limits: LimitRecord[] }>('/limits', signal)).limits,
  limit: (key: string, project: Project, signal?: AbortSignal) =>
    get<LimitStatus>(`/limits/${encodeURIComponent(key)}${queryOf({ project })}`, signal),
  setLimit: async (key: string, project: Project, request: Record<string, unknown>) => {
    const path = `/limits/${encodeURIComponent(key)}${queryOf({ project })}`;
    return (await (await ask(path, { method: 'PUT', json: request })).json()) as Answer;
  },
  circuits: async (signal?: AbortSignal) =>
    (await get<{ circuits: CircuitRecord[] }>('/circuits', signal)).circuits,
  switchCircuit: (
    name: string,
    project: Project,
    verb: 'open' | 'close',
    request: Record<string, unknown>,
  ) =>
    post<CircuitRecord>(
      `/circuits/${encodeURIComponent(name)}/${verb}${queryOf({ project })}`,
      request,
    ),
  invalidateCache: (request: Record<string, unknown>) =>
    post<{ invalidated: number }>('/cache/invalidate', request),
  pipelines: async (signal?: AbortSignal) =>
    (await get<{ pipelines: Pipeline[] }>('/pipelines', signal)).pipelines,
  approvals: async (signal?: AbortSignal) =>
    (await get<{ approvals: Approval[] }>('/approvals', signal)).approvals,
  executions: (filter: ExecutionFilter, signal?: AbortSignal) => {
    const query = new URLSearchParams({ limit: '25' });
    for (const [name, value] of Object.entries(filter)) if (value) query.set(name, String(value));
    return get<ExecutionPage>(`/executions?${query.toString()}`, signal);
  },
  execution: (id: string, signal?: AbortSignal) => get<ExecutionRecord>(at(id), signal),
  graph: (id: string, signal?: AbortSignal) => get<GraphOf>(`${at(id)}/graph`, signal),
  node: (id: string, nodeId: string, signal?: AbortSignal) =>
    get<NodeRecord>(nodeAt(id, nodeId), signal),
  explainNode: (id: string, nodeId: string, signal?: AbortSignal) =>
    get<Explanation>(`${nodeAt(id, nodeId)}/explain`, signal),
  plan: (request: Record<string, unknown>) => post<GraphForecast>('/pipelines/plan', request),
  submit: (request: Record<string, unknown>) =>
    post<{ executionId: string }>('/executions', request),
  rerun: (id: string, request: Record<string, unknown>) =>
    post<{ executionId: string }>(`${at(id)}/rerun`, request),
  rerunPlan: (id: string, request: Record<string, unknown>, signal?: AbortSignal) =>
    post<RerunPlan>(`${at(id)}/rerun-plan`, request, signal),
  logs: (id: string, query: Record<string, string | number | undefined>, signal?: AbortSignal) =>
    get<LogPage>(`${at(id)}/logs${queryOf(query)}`, signal),
  followLogs: (
    id: string,
    query: Record<string, string | number | undefined>,
    signal: AbortSignal,
  ) =>
    ask(`${at(id)}/logs/follow${queryOf(query)}`, {
      signal,
      headers: { accept: 'text/event-stream' },
    }),
  artifacts: async (id: string, signal?: AbortSignal) =>
    (await get<{ artifacts: NodeArtifact[] }>(`${at(id)}/artifacts`, signal)).artifacts,
  /** @param bytes how many, from its beginning; all without */
  artifact: (id: string, nodeId: string, name: string, bytes?: number) =>
    ask(
      `${nodeAt(id, nodeId)}/artifacts/${encodeURIComponent(name)}`,
      bytes === undefined ? {} : { headers: { range: `bytes=0-${bytes - 1}` } },
    ),
  act: (id: string, verb: string, request: Record<string, unknown>) =>
    post<Answer>(`${at(id)}/${verb}`, request),
  actOnNode: (id: string, nodeId: string, verb: string, request: Record<string, unknown>) =>
    post<Answer>(`${nodeAt(id, nodeId)}/${verb}`, request),
  /** @param nodes paths of nodes, each with how many of what runs below it: `render:24` */
  watchBelow: (id: string, nodes: readonly string[], signal: AbortSignal) =>
    ask(`${at(id)}/below?${new URLSearchParams(nodes.map((one) => ['node', one])).toString()}`, {
      signal,
      headers: { accept: 'text/event-stream' },
    }),
  watch: (id: string, signal: AbortSignal) =>
    ask(`${at(id)}/watch`, { signal, headers: { accept: 'text/event-stream' } }),
};

/** A node's record, with its attempts. */
export type NodeRecord = ExecutionRecord & {
  attemptHistory?: AttemptRecord[];
};
