/** The metrics of the HTTP server's process. `docs/monitoring.md` prints them, and a test holds it to that. */
import type { MetricDescription } from '../domain/metric.js';

export const SERVER_METRIC = {
  tempograph_stored_executions: {
    type: 'gauge',
    labels: ['status'],
    help: 'Executions of all projects that the store knows, by their status now.',
  },
  tempograph_stored_retries: {
    type: 'gauge',
    labels: [],
    help: 'Retries of ended tasks, nodes and items that the store knows.',
  },
  tempograph_store_bytes: {
    type: 'gauge',
    labels: [],
    unit: 'bytes',
    help: 'Size of the store: the files of SQLite, or the whole database of PostgreSQL.',
  },
  tempograph_store_free_bytes: {
    type: 'gauge',
    labels: [],
    unit: 'bytes',
    help: 'Room left on the disk of a store of SQLite.',
  },
  tempograph_queue_backlog: {
    type: 'gauge',
    labels: ['queue'],
    help: 'Attempts that wait for a worker: an estimate of the Temporal server.',
  },
  tempograph_queue_backlog_age_seconds: {
    type: 'gauge',
    labels: ['queue'],
    unit: 'seconds',
    help: 'How long the oldest of them has waited.',
  },
  tempograph_queue_workers: {
    type: 'gauge',
    labels: ['queue'],
    help: 'Workers that asked the queue for attempts within the last five minutes.',
  },
  tempograph_circuit_open: {
    type: 'gauge',
    labels: ['circuit', 'project'],
    help: 'Circuits that the store knows: 1 where nodes are held, 0 where it is closed or tries again.',
  },
  tempograph_dependency_up: {
    type: 'gauge',
    labels: ['dependency'],
    help: '1 where Temporal or the store answers, 0 where it does not.',
  },
  tempograph_live_watchers: {
    type: 'gauge',
    labels: [],
    help: 'Streams that follow an execution.',
  },
  tempograph_live_pollers: {
    type: 'gauge',
    labels: [],
    help: 'Executions that are followed: each is asked for once, however many watch.',
  },
  tempograph_http_requests: {
    type: 'counter',
    labels: ['method', 'route', 'status'],
    help: 'Requests that were answered, by the pattern of their path.',
  },
  tempograph_http_request_seconds: {
    type: 'histogram',
    labels: ['method', 'route'],
    unit: 'seconds',
    help: 'From a request to the end of its answer; streams of events are left out.',
  },
  tempograph_http_authentication_failures: {
    type: 'counter',
    labels: ['reason'],
    help: 'Requests refused with 401: without a key, or with one that is unknown, expired or revoked.',
  },
} as const satisfies Record<string, MetricDescription>;

export type ServerMetric = keyof typeof SERVER_METRIC;
