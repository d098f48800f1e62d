import { randomUUID } from 'node:crypto';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-node';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry';
import { Worker } from '@temporalio/worker';
import { TaskEngine } from '../../src/client.js';
import { TRACE_HEADER } from '../../src/domain/trace-context.js';
import { defineGraph, defineTask, type GraphSpec } from '../../src/index.js';
import { openTracing } from '../../src/telemetry/tracing.js';
import type { StartWorkerOptions } from '../../src/worker.js';
import { startHarness, type Harness } from '../support/engine.js';
import { shared } from '../support/shared.js';
import { until } from '../support/until.js';

const flaky = defineTask<{ failures: number }, string>({
  name: 'flaky',
  retry: { maxRetries: 3, delay: '1ms', strategy: 'IMMEDIATE' },
  run: ({ failures }, { attempt }) => {
    trace.getTracer('mine').startActiveSpan('own work', (span) => span.end());
    if (attempt <= failures) throw Object.assign(new Error(`not yet, ${attempt}`), { code: 'SHY' });
    return 'done';
  },
});
const echo = defineTask<unknown, unknown>({ name: 'echo', run: (input) => input });

/** A span and its children, by name. */
interface Tree {
  name: string;
  children: Tree[];
}

interface Traced extends Harness {
  spans: () => ReadableSpan[];
  named: (name: string) => ReadableSpan;
  tree: () => Tree[];
  traced: TaskEngine;
  untraced: TaskEngine;
  provider: NodeTracerProvider;
}

describe('tracing', () => {
  const open: Harness[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((harness) => harness.stop()));
  });

  async function setup(options: StartWorkerOptions = {}): Promise<Traced> {
    const exporter = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    // The global one is for the tasks' own spans; what is given to us is used by us alone.
    trace.disable();
    trace.setGlobalTracerProvider(provider);
    const tracing = { tracerProvider: provider };
    const harness = await startHarness({ tasks: [flaky, echo], tracing, ...options });
    const { address, taskQueue, dataDir } = harness;
    const traced = await TaskEngine.connect({ address, taskQueue, dataDir, tracing });
    const untraced = await TaskEngine.connect({ address, taskQueue, dataDir, tracing: false });
    const spans = () => exporter.getFinishedSpans();
    const result: Traced = {
      ...harness,
      traced,
      untraced,
      provider,
      spans,
      named: (name) => {
        const [found, ...more] = spans().filter((span) => span.name === name);
        if (!found || more.length > 0) throw new Error(`${more.length + 1} spans named ${name}`);
        return found;
      },
      tree: () => treeOf(spans()),
      stop: async () => {
        await traced.shutdown();
        await untraced.shutdown();
        await harness.stop();
      },
    };
    open.push(result);
    return result;
  }

  /** Waits until the last span of an execution, its own, is there. */
  async function ended({ spans }: Traced, name: string): Promise<void> {
    await until(() => spans().some((span) => span.name === name), `the span ${name}`);
  }

  it('gives one tree: start, graph, nodes, attempts, hooks, and what tasks trace themselves', async () => {
    const harness = await setup({
      hooks: {
        pre: [{ name: 'check', run: () => undefined }],
        post: [{ name: 'tell', run: () => undefined }],
      },
    });
    const graph = defineGraph('etl');
    const load = graph.add('load', flaky, { input: { failures: 1 } });
    graph.add('show', echo, { input: load.output });
    const executionId = `t-${randomUUID()}`;
    const handle = await trace
      .getTracer('mine')
      .startActiveSpan('request', async (span) =>
        harness.traced
          .scheduleTaskGraph(graph, { executionId, project: 'p1' })
          .finally(() => span.end()),
      );
    expect((await handle.result()).status).toBe('COMPLETED');
    await ended(harness, 'graph etl');

    const attempt = (n: number, ...rest: Tree[]): Tree => ({
      name: `attempt ${n}`,
      children: rest,
    });
    const leaf = (name: string): Tree => ({ name, children: [] });
    expect(harness.tree()).toEqual([
      {
        name: 'request',
        children: [
          {
            name: `start ${executionId}`,
            children: [
              {
                name: 'graph etl',
                children: [
                  {
                    name: 'node load',
                    children: [
                      attempt(1, leaf('own work'), leaf('pre hook check')),
                      attempt(2, leaf('own work'), leaf('post hook tell'), leaf('pre hook check')),
                    ],
                  },
                  {
                    name: 'node show',
                    children: [attempt(1, leaf('post hook tell'), leaf('pre hook check'))],
                  },
                  leaf('prepare'),
                ],
              },
            ],
          },
        ],
      },
    ]);
    expect(new Set(harness.spans().map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(harness.named('node load').attributes).toEqual({
      'tempograph.execution.id': executionId,
      'tempograph.project': 'p1',
      'tempograph.node.id': 'load',
      'tempograph.task': 'flaky',
      'tempograph.status': 'COMPLETED',
      'tempograph.attempts': 2,
    });
    expect(harness.named('graph etl').attributes).toMatchObject({
      'tempograph.status': 'COMPLETED',
      'tempograph.nodes': 2,
    });
    expect(harness.named('attempt 2')).toMatchObject({
      kind: SpanKind.CONSUMER,
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'tempograph.attempt': 2, 'tempograph.status': 'COMPLETED' },
    });
    const [first] = harness
      .spans()
      .filter(({ name, status }) => name === 'attempt 1' && status.code);
    expect(first?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'not yet, 1' });
  });

  it('records on a failed attempt, its node and its graph what went wrong; a skipped node has a span', async () => {
    const harness = await setup();
    const graph = defineGraph('broken');
    const load = graph.add('load', flaky, { input: { failures: 9 }, retry: { maxRetries: 0 } });
    graph.add('show', echo, { input: load.output });
    const handle = await harness.traced.scheduleTaskGraph(graph);
    expect((await handle.result()).status).toBe('FAILED');
    await ended(harness, 'graph broken');
    for (const name of ['attempt 1', 'node load', 'graph broken']) {
      const { status, events } = harness.named(name);
      expect(status).toEqual({ code: SpanStatusCode.ERROR, message: 'not yet, 1' });
      expect(events.map(({ attributes }) => attributes)).toEqual([
        { 'exception.type': 'SHY', 'exception.message': 'not yet, 1' },
      ]);
    }
    expect(harness.named('node show').attributes).toMatchObject({
      'tempograph.status': 'SKIPPED',
      'tempograph.attempts': 0,
    });
  });

  it('records a refused graph', async () => {
    const harness = await setup();
    const spec: GraphSpec = { name: 'bad', tasks: [{ id: 'a', task: 'echoo' }] };
    const handle = await harness.traced.scheduleTaskGraph(spec).catch(() => undefined);
    await handle?.result();
    await ended(harness, 'graph bad');
    expect(harness.named('graph bad')).toMatchObject({
      attributes: { 'tempograph.status': 'REJECTED' },
      status: { code: SpanStatusCode.ERROR, message: expect.stringContaining('echoo') as string },
    });
  });

  it('keeps one trace for a graph in segments whose coordinator continues as new', async () => {
    const harness = await setup({ maxNodesPerRun: 4, coordinatorEvents: 50 });
    const graph = defineGraph('wide');
    // None begins by `all_success`, so none is lent and every end comes to the coordinator.
    let last = graph.add('n0', flaky, { input: { failures: 1 } });
    for (let n = 1; n < 12; n++)
      last = graph.add(`n${n}`, flaky, {
        ...{ input: { failures: 0 }, dependsOn: [last], trigger: 'all_done' },
      });
    const handle = await harness.traced.scheduleTaskGraph(graph);
    expect((await handle.result()).status).toBe('COMPLETED');
    await ended(harness, 'graph wide');
    const runs = await harness.client.workflow
      .getHandle(handle.executionId)
      .fetchHistory()
      .then(({ events }) => events?.[0]?.workflowExecutionStartedEventAttributes);
    expect(runs?.continuedExecutionRunId).not.toBe(''); // or the test shows less than it says
    const [start] = harness.tree();
    expect(harness.tree().map(({ name }) => name)).toEqual([`start ${handle.executionId}`]);
    const [whole] = start?.children ?? [];
    const nodes = (whole?.children ?? []).filter(({ name }) => name.startsWith('node '));
    expect(nodes.map(({ name }) => name).sort()).toEqual(
      Array.from({ length: 12 }, (_, n) => `node n${n}`).sort(),
    );
    for (const { name, children } of nodes)
      expect(children.map((child) => child.name)).toEqual(
        name === 'node n0' ? ['attempt 1', 'attempt 2'] : ['attempt 1'],
      );
  });

  it('has the attempts of light nodes below their nodes, though one activity runs them all', async () => {
    const harness = await setup();
    const tasks = ['a', 'b'].map((id) => ({ id, task: 'echo', light: true }));
    await (await harness.traced.scheduleTaskGraph({ name: 'lights', tasks })).result();
    await ended(harness, 'graph lights');
    const whole = harness.tree()[0]?.children[0];
    const nodes = whole?.children.filter(({ name }) => name.startsWith('node '));
    const below = [{ name: 'attempt 1', children: [] }];
    expect(nodes).toEqual([
      { name: 'node a', children: below },
      { name: 'node b', children: below },
    ]);
  });

  it('begins a trace on the worker for an execution that came without one', async () => {
    const harness = await setup();
    const handle = await harness.untraced.scheduleTask({ task: 'echo', input: 1 });
    expect((await handle.result()).status).toBe('COMPLETED');
    await ended(harness, 'task echo');
    expect(harness.tree()).toEqual([
      {
        name: `start ${handle.executionId}`,
        children: [
          {
            name: 'task echo',
            children: [{ name: 'node task', children: [{ name: 'attempt 1', children: [] }] }],
          },
        ],
      },
    ]);
  });

  it("joins the trace of Temporal's own interceptor in a raw client", async () => {
    const harness = await setup();
    const tracer = harness.provider.getTracer('raw');
    harness.provider.register(); // its interceptor propagates by the process's propagator
    const raw = new Client({
      connection: harness.client.connection,
      interceptors: { workflow: [new OpenTelemetryWorkflowClientInterceptor({ tracer })] },
    });
    await raw.workflow.execute('taskGraph', {
      taskQueue: harness.taskQueue,
      workflowId: `t-${randomUUID()}`,
      args: [{ name: 'raw', tasks: [{ id: 'a', task: 'echo' }] }],
    });
    await ended(harness, 'graph raw');
    const { traceId, spanId } = harness.named('StartWorkflow:taskGraph').spanContext();
    expect(harness.named('graph raw').parentSpanId).toBe(spanId);
    expect(harness.named('attempt 1').spanContext().traceId).toBe(traceId);
  });

  it('spans the hooks of an end that no pipeline sees below their node', async () => {
    const harness = await setup({
      hooks: { post: [{ name: 'tell', onSkipped: true, run: () => undefined }] },
    });
    const graph = defineGraph('never');
    const load = graph.add('load', flaky, { input: { failures: 9 }, retry: { maxRetries: 0 } });
    graph.add('show', echo, { input: load.output });
    await (await harness.traced.scheduleTaskGraph(graph)).result();
    await ended(harness, 'graph never');
    const show = harness.named('node show').spanContext().spanId;
    const hooks = harness.spans().filter(({ name }) => name === 'post hook tell');
    expect(hooks.map(({ parentSpanId }) => parentSpanId)).toContain(show);
  });

  it('leaves no trace in the history where nobody asks, and replays one that has it', async () => {
    const harness = await setup();
    const plain = await startHarness({ tasks: [flaky, echo], tracing: false });
    open.push(plain);
    const untraced = await TaskEngine.connect({
      ...{ address: plain.address, taskQueue: plain.taskQueue, dataDir: plain.dataDir },
      tracing: false,
    });
    const graph = defineGraph('same');
    const load = graph.add('load', flaky, { input: { failures: 1 } });
    graph.add('show', echo, { input: load.output });
    const history = async (engine: TaskEngine) => {
      const handle = await engine.scheduleTaskGraph(graph);
      await handle.result();
      return await plain.client.workflow.getHandle(handle.executionId).fetchHistory();
    };
    const off = await history(untraced);
    const on = await history(harness.traced);
    await untraced.shutdown();
    expect(JSON.stringify(off)).not.toContain(TRACE_HEADER);
    expect(JSON.stringify(on)).toContain(TRACE_HEADER);
    expect(commands(on)).toEqual(commands(off));
    const spansBefore = harness.spans().length;
    await Worker.runReplayHistory({ workflowBundle: { codePath: shared().bundle } }, on, 'any');
    expect(harness.spans()).toHaveLength(spansBefore);
  });
});

describe('openTracing', () => {
  beforeEach(() => trace.disable());

  it.each([
    [undefined, {}],
    [false, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }],
    [undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    [
      undefined,
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_TRACES_EXPORTER: 'none' },
    ],
    [undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
  ])('gives none for %j with %j', async (option, env) => {
    expect(await openTracing(option, env)).toBeUndefined();
  });

  it('refuses an exporter and a protocol that are not here', async () => {
    await expect(openTracing(undefined, { OTEL_TRACES_EXPORTER: 'zipkin' })).rejects.toThrow(
      'OTEL_TRACES_EXPORTER: expected otlp, console or none, got "zipkin"',
    );
    await expect(openTracing(true, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).rejects.toThrow(
      'OTEL_EXPORTER_OTLP_PROTOCOL: expected http/protobuf, got "grpc"',
    );
  });

  it('uses the tracer provider that the process has registered', async () => {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(
      new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
    );
    const tracing = await openTracing(undefined, {});
    tracing?.write({
      ...{ name: 'node a', spanId: '00000000000000aa', startedAt: 1_000, endedAt: 2_500 },
      parent: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), sampled: true },
      attributes: {},
    });
    const [span] = exporter.getFinishedSpans();
    expect(span?.spanContext()).toMatchObject({
      traceId: '1'.repeat(32),
      spanId: '00000000000000aa',
    });
    expect(span).toMatchObject({ parentSpanId: '2'.repeat(16), duration: [1, 500_000_000] });
  });
});

function treeOf(spans: readonly ReadableSpan[]): Tree[] {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const below = (parent: string | undefined): Tree[] =>
    spans
      .filter(
        ({ parentSpanId: id }) => (id !== undefined && ids.has(id) ? id : undefined) === parent,
      )
      .map((span) => ({ name: span.name, children: below(span.spanContext().spanId) }))
      .sort((a, b) => a.name.localeCompare(b.name));
  return below(undefined);
}

/** What the workflow did; how many workflow tasks it took is a matter of time. */
const commands = ({ events }: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>): unknown[] =>
  (events ?? []).flatMap(({ eventType, activityTaskScheduledEventAttributes }) =>
    /WORKFLOW_TASK/.test(String(eventType))
      ? []
      : [[String(eventType), activityTaskScheduledEventAttributes?.activityId]],
  );
