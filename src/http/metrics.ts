/**
 * `GET /metrics`: how everything stands, asked for when it is scraped, and what this server has answered.
 *
 * M1. Labels stay few: a route is its pattern, never a path; of circuits the first 200 are told, open ones before others.
 * M2. What cannot be found out is left out, never 0; `tempograph_dependency_up` says who does not answer.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TaskEngine } from '../client.js';
import { STATUSES } from '../domain/status.js';
import { Samples } from './exposition.js';
import type { LiveHub } from './live-hub.js';
import type { Authenticate } from './services.js';

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const CIRCUITS = 200;
/** Why a caller was refused, as the doors say it; all else is `other`. */
const REASONS = new Set(['missing', 'scheme', 'malformed', 'unknown', 'revoked', 'expired']);
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export class ServerMetrics {
  private readonly answered = new Samples();
  private asked: Promise<Samples> | undefined;

  constructor(
    private readonly engine: TaskEngine,
    private readonly live: LiveHub,
  ) {}

  /** @returns what Prometheus reads; scrapes at the same time share what they ask for */
  async page(): Promise<string> {
    const state = await (this.asked ??= this.state().finally(() => (this.asked = undefined)));
    return state.text() + this.answered.text();
  }

  /** Counts a request that has been answered. */
  answeredTo({ method, routeOptions }: FastifyRequest, reply: FastifyReply): void {
    const verb = METHODS.has(method) ? method : 'other';
    const labels = { method: verb, route: routeOptions.url ?? 'none' };
    this.answered.add('tempograph_http_requests', { ...labels, status: String(reply.statusCode) });
    const isStream = String(reply.getHeader('content-type')).startsWith('text/event-stream');
    if (!isStream)
      this.answered.observe('tempograph_http_request_seconds', labels, reply.elapsedTime / 1_000);
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
          this.answered.add('tempograph_http_authentication_failures', {
            reason: REASONS.has(why) ? why : 'other',
          });
        throw error;
      }
    };
    return Object.assign(counting, { open: authenticate.open ?? false });
  }

  private async state(): Promise<Samples> {
    const samples = new Samples();
    const { temporal, store } = await this.engine.health();
    const isUp = (dependency: string, told: string): boolean => {
      const up = told === 'up';
      samples.set('tempograph_dependency_up', { dependency }, up ? 1 : 0);
      return up;
    };
    const parts = [
      ...(isUp('temporal', temporal) ? [this.queues(samples)] : []),
      ...(store !== 'none' && isUp('store', store)
        ? [this.executions(samples), this.circuits(samples)]
        : []),
    ];
    await Promise.allSettled(parts);
    samples.set('tempograph_live_watchers', {}, this.live.watchers);
    samples.set('tempograph_live_pollers', {}, this.live.pollers);
    return samples;
  }

  private async queues(samples: Samples): Promise<void> {
    for (const { queue, workers, backlog, backlogAgeMs } of await this.engine.queues()) {
      samples.set('tempograph_queue_workers', { queue }, workers);
      if (backlog === null) continue;
      samples.set('tempograph_queue_backlog', { queue }, backlog);
      const age = (backlogAgeMs ?? 0) / 1_000;
      samples.set('tempograph_queue_backlog_age_seconds', { queue }, age);
    }
  }

  private async executions(samples: Samples): Promise<void> {
    const [{ byStatus }, { totalRetries }] = await Promise.all([
      this.engine.getExecutionStats(),
      this.engine.getExecutionStats({ kind: ['task', 'node', 'item'] }), // a graph has none of its own
    ]);
    for (const status of STATUSES)
      samples.set('tempograph_stored_executions', { status }, byStatus[status] ?? 0);
    samples.set('tempograph_stored_retries', {}, totalRetries);
  }

  private async circuits(samples: Samples): Promise<void> {
    const all = await this.engine.circuits.list();
    const openFirst = [...all].sort((a, b) => openness(b) - openness(a));
    for (const one of openFirst.slice(0, CIRCUITS))
      samples.set(
        'tempograph_circuit_open',
        { circuit: one.name, project: one.project ?? '' },
        openness(one),
      );
  }
}

const openness = ({ mode }: { mode: string }): number => (mode === 'open' ? 1 : 0);
