/**
 * `GET /metrics`: how everything stands, asked for when it is scraped, and what this server has answered.
 *
 * M1. Labels stay few: a route is its pattern, never a path; of circuits the first 200 are told, open ones before others.
 * M2. What cannot be found out is left out, never 0; `tempograph_dependency_up` says who does not answer.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { TaskEngine } from '../client.js';
import { STATUSES } from '../domain/status.js';
import { exposedName } from '../domain/metric.js';
import { SERVER_METRIC, type ServerMetric } from './metric-names.js';
import type { LiveHub } from './live-hub.js';
import type { Authenticate } from './services.js';

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Upper bounds of the buckets of a duration, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const CIRCUITS = 200;
/** Why a caller was refused, as the doors say it; all else is `other`. */
const REASONS = new Set(['missing', 'scheme', 'malformed', 'unknown', 'revoked', 'expired']);
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export class ServerMetrics {
  private readonly answered = new Registry();
  private readonly requests = new Counter(described('tempograph_http_requests', this.answered));
  private readonly seconds = new Histogram({
    ...described('tempograph_http_request_seconds', this.answered),
    buckets: BUCKETS,
  });
  private readonly refused = new Counter(
    described('tempograph_http_authentication_failures', this.answered),
  );
  private asked: Promise<Registry> | undefined;

  constructor(
    private readonly engine: TaskEngine,
    private readonly live: LiveHub,
  ) {}

  /** @returns what Prometheus reads; scrapes at the same time share what they ask for */
  async page(): Promise<string> {
    const state = await (this.asked ??= this.state().finally(() => (this.asked = undefined)));
    return await Registry.merge([state, this.answered]).metrics();
  }

  /** Counts a request that has been answered. */
  answeredTo({ method, routeOptions }: FastifyRequest, reply: FastifyReply): void {
    const verb = METHODS.has(method) ? method : 'other';
    const labels = { method: verb, route: routeOptions.url ?? 'none' };
    this.requests.inc({ ...labels, status: String(reply.statusCode) });
    const isStream = String(reply.getHeader('content-type')).startsWith('text/event-stream');
    if (!isStream) this.seconds.observe(labels, reply.elapsedTime / 1_000);
  }

  /** Counts those that are refused. */
  counted(authenticate: Authenticate): Authenticate {
    const counting = async (authorization: string | undefined) => {
      try {
        return await authenticate(authorization);
      } catch (error) {
        const { code, details } = error as { code?: unknown; details?: { why?: unknown } };
        const why = String(details?.why);
        if (code === 'UNAUTHENTICATED')
          this.refused.inc({ reason: REASONS.has(why) ? why : 'other' });
        throw error;
      }
    };
    return Object.assign(counting, { open: authenticate.open ?? false });
  }

  private async state(): Promise<Registry> {
    const samples = new Registry();
    const { temporal, store } = await this.engine.health();
    const isUp = (dependency: string, told: string): boolean => {
      const up = told === 'up';
      set(samples, 'tempograph_dependency_up', { dependency }, up ? 1 : 0);
      return up;
    };
    const parts = [
      ...(isUp('temporal', temporal) ? [this.queues(samples)] : []),
      ...(store !== 'none' && isUp('store', store)
        ? [this.executions(samples), this.circuits(samples), this.room(samples)]
        : []),
    ];
    await Promise.allSettled(parts);
    set(samples, 'tempograph_live_watchers', {}, this.live.watchers);
    set(samples, 'tempograph_live_pollers', {}, this.live.pollers);
    return samples;
  }

  private async queues(samples: Registry): Promise<void> {
    for (const { queue, workers, backlog, backlogAgeMs } of await this.engine.queues()) {
      set(samples, 'tempograph_queue_workers', { queue }, workers);
      if (backlog === null) continue;
      set(samples, 'tempograph_queue_backlog', { queue }, backlog);
      const age = (backlogAgeMs ?? 0) / 1_000;
      set(samples, 'tempograph_queue_backlog_age_seconds', { queue }, age);
    }
  }

  private async executions(samples: Registry): Promise<void> {
    const [{ byStatus }, { totalRetries }] = await Promise.all([
      this.engine.getExecutionStats(),
      this.engine.getExecutionStats({ kind: ['task', 'node', 'item'] }), // a graph has none of its own
    ]);
    for (const status of STATUSES)
      set(samples, 'tempograph_stored_executions', { status }, byStatus[status] ?? 0);
    set(samples, 'tempograph_stored_retries', {}, totalRetries);
  }

  private async room(samples: Registry): Promise<void> {
    const room = await this.engine.storeRoom();
    if (!room) return;
    set(samples, 'tempograph_store_bytes', {}, room.bytes);
    if (room.freeBytes !== null) set(samples, 'tempograph_store_free_bytes', {}, room.freeBytes);
  }

  private async circuits(samples: Registry): Promise<void> {
    const all = await this.engine.circuits.list();
    const openFirst = [...all].sort((a, b) => openness(b) - openness(a));
    for (const one of openFirst.slice(0, CIRCUITS))
      set(
        samples,
        'tempograph_circuit_open',
        { circuit: one.name, project: one.project ?? '' },
        openness(one),
      );
  }
}

/** A gauge is there once it has a value: what cannot be found out is left out. */
function set(
  samples: Registry,
  name: ServerMetric,
  labels: Record<string, string>,
  value: number,
): void {
  const known = samples.getSingleMetric(exposedName(name, SERVER_METRIC[name])) as
    Gauge | undefined;
  (known ?? new Gauge(described(name, samples))).set(labels, value);
}

function described(name: ServerMetric, registry: Registry) {
  const { labels, help } = SERVER_METRIC[name];
  return {
    ...{ name: exposedName(name, SERVER_METRIC[name]), help },
    ...{ labelNames: [...labels] as string[], registers: [registry] },
  };
}

const openness = ({ mode }: { mode: string }): number => (mode === 'open' ? 1 : 0);
