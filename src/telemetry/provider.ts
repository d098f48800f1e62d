/** The tracer provider that spans go to: one given, else the process's, else one of ours by OTEL_* in the environment. */
import {
  context,
  createContextKey,
  trace,
  ROOT_CONTEXT,
  type TracerProvider,
} from '@opentelemetry/api';
import type * as Sdk from '@opentelemetry/sdk-trace-node';
import { TaskError } from '../domain/errors.js';

/** One for the process: engines and workers share it. */
let ours: Promise<Sdk.NodeTracerProvider> | undefined;

/** Longest that a shutdown waits for the last spans to be sent, in milliseconds. */
const FLUSH_MS = 5_000;

/** Sends what is not sent yet, where the exporter is ours. Never throws, and does not wait long. */
export async function flushOurs(): Promise<void> {
  const made = await ours?.catch(() => undefined);
  if (!made) return;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, FLUSH_MS)));
  await Promise.race([made.forceFlush().catch(() => undefined), limit]);
  clearTimeout(timer);
}

/** @throws TaskError CONFIGURATION for an exporter or a protocol that is not here */
export async function findProvider(
  given: TracerProvider | undefined,
  env: NodeJS.ProcessEnv,
): Promise<TracerProvider> {
  const provider = given ?? registeredProvider() ?? (await (ours ??= makeProvider(env)));
  await keepContext();
  return provider;
}

function registeredProvider(): TracerProvider | undefined {
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  const registered = (api as { trace?: unknown } | undefined)?.trace !== undefined;
  return registered ? trace.getTracerProvider() : undefined;
}

async function makeProvider(env: NodeJS.ProcessEnv): Promise<Sdk.NodeTracerProvider> {
  const [sdk, { Resource, detectResourcesSync, envDetectorSync }] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/resources'),
  ]);
  const processor = await makeProcessor(sdk, env).catch((error: unknown) => {
    ours = undefined; // whoever asks next may ask for another
    throw error;
  });
  const provider = new sdk.NodeTracerProvider({
    resource: Resource.default()
      .merge(new Resource({ 'service.name': 'tempograph' }))
      .merge(detectResourcesSync({ detectors: [envDetectorSync] })),
    spanProcessors: [processor],
  });
  provider.register(); // so that spans of the tasks' own code join
  return provider;
}

async function makeProcessor(sdk: typeof Sdk, env: NodeJS.ProcessEnv) {
  const exporter = env['OTEL_TRACES_EXPORTER'] || 'otlp';
  if (exporter === 'console') return new sdk.SimpleSpanProcessor(new sdk.ConsoleSpanExporter());
  if (exporter !== 'otlp') throw notHere('OTEL_TRACES_EXPORTER', exporter, 'otlp, console or none');
  const name = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']
    ? 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'
    : 'OTEL_EXPORTER_OTLP_PROTOCOL';
  const protocol = env[name] || 'http/protobuf';
  if (protocol !== 'http/protobuf') throw notHere(name, protocol, 'http/protobuf');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new sdk.BatchSpanProcessor(new OTLPTraceExporter());
}

function notHere(name: string, value: string, expected: string): TaskError {
  return new TaskError(
    'CONFIGURATION',
    `${name}: expected ${expected}, got ${JSON.stringify(value)}; for any other exporter register a tracer provider of your own before the worker starts`,
  );
}

const PROBE = createContextKey('tempograph probe');

/** Spans nest only where the process has a context manager. Who gives us a provider need not have registered one. */
async function keepContext(): Promise<void> {
  const kept = (): boolean => context.active().getValue(PROBE) === true;
  if (context.with(ROOT_CONTEXT.setValue(PROBE, true), kept)) return;
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}
