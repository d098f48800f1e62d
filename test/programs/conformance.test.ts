/** One suite over all runners of programs, through Temporal: what a program can rely on, however it is run. */
import type { Server } from 'node:http';
import type { ExecutionResult } from '../../src/client.js';
import type { ExecutionHandle } from '../../src/client.js';
import { lacksDocker, startDocker, type PrivateDocker } from '../support/docker.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';
import { startFunction, SUBJECTS, type Subject, type Word } from './subjects.js';

const SECRET = 'kept-between-us-4711';

let harness: Harness;
let docker: PrivateDocker | undefined;
let target: { url: string; server: Server };

beforeAll(async () => {
  process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'] = '1';
  const lack = lacksDocker();
  if (lack === undefined) docker = await startDocker();
  else process.stderr.write(`containers are skipped: ${lack}\n`);
  target = await startFunction();
  harness = await startHarness({
    programs: docker ? ['process', 'container', 'faas'] : ['process', 'faas'],
    ...(docker ? { containerEngine: `unix://${docker.socketPath}` } : {}),
    maxPrograms: 4,
    stopGrace: '200ms',
    secrets: () => SECRET,
  });
});
afterAll(async () => {
  await harness.stop();
  target.server.close();
  await docker?.stop();
  delete process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'];
});

interface Ask {
  do: Word;
  [more: string]: unknown;
}

async function start(
  { program, memory }: Subject,
  input: Ask,
  rest: object = {},
): Promise<ExecutionHandle> {
  const node = {
    ...{ id: 'p', retry: 'NONE', input, ...program(target) },
    // Not slowed down, but for where that is what is asked.
    resources: { cpu: 1, ...(memory === undefined ? {} : { memory }) },
    ...rest,
  };
  return await harness.engine.scheduleTaskGraph({ name: 'conformance', tasks: [node as never] });
}

async function run(
  subject: Subject,
  input: Ask,
  rest: object = {},
): Promise<ExecutionResult['nodes'][string]> {
  const { nodes } = await (await start(subject, input, rest)).result();
  return nodes['p'] as ExecutionResult['nodes'][string];
}

const said = ({ executionId }: { executionId: string }, stream: string): unknown[] =>
  harness.lines.flatMap((line) =>
    line['executionId'] === executionId && line['stream'] === stream ? [line['msg']] : [],
  );

describe.each(SUBJECTS)('$name', (subject) => {
  const isHere = (): boolean => subject.name !== 'a container' || docker !== undefined;
  /** A test of what it can be asked; a container's passes over where there is no engine, which is said above. */
  const can = (words: readonly Word[], title: string, test: () => Promise<void>): void => {
    if (words.some((word) => subject.not?.includes(word))) return;
    it(title, async () => {
      if (isHere()) await test();
    });
  };

  can(['echo'], 'gets its input and its environment, and gives its output', async () => {
    const input = { do: 'echo', text: 'žluť 中文 مرحبا 👩‍👩‍👧 \u2028', n: [1.5, null, true] } as const;
    const handle = await start(subject, input);
    const { status, nodes } = await handle.result();
    const node = nodes['p'];
    expect({ status, error: node?.error }).toEqual({ status: 'COMPLETED', error: null });
    const id = `${handle.executionId}/p`;
    expect(node?.output).toMatchObject({
      got: input,
      env: {
        ...{ TASK_ID: id, WORKFLOW_ID: handle.executionId, TEMPOGRAPH_IDEMPOTENCY_KEY: id },
        ...{
          GREETING: 'žluť 中文 👩‍👩‍👧',
          TEMPOGRAPH_DEADLINE: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        },
      },
    });
    const { environment } = node ?? {};
    expect(environment).toMatchObject({ runner: Object.keys(subject.program(target))[0] });
    const { startTime = '', endTime = '', durationMs, enforced } = environment ?? {};
    expect(Date.parse(endTime) - Date.parse(startTime)).toBe(durationMs);
    expect(Object.keys(enforced ?? {}).length).toBeGreaterThan(2);
  });

  can(['says'], 'has what it says logged, line by line and without its secrets', async () => {
    const handle = await start(subject, { do: 'says' });
    await handle.result();
    const executionId = handle.executionId;
    expect(said({ executionId }, 'stdout')).toEqual(['žluť ✓', '***']);
    expect(said({ executionId }, 'stderr')).toEqual(['oops']);
  });

  can(['big'], 'gives an output of 5 MB', async () => {
    const { output } = await run(subject, { do: 'big' });
    expect((output as string).length).toBe(5_000_000);
  });

  can(['exits'], 'fails with what it says of it, and is tried again', async () => {
    const retry = { strategy: 'IMMEDIATE', maxRetries: 1 };
    const { status, error, attempts } = await run(subject, { do: 'exits' }, { retry });
    expect({ status, attempts }).toEqual({ status: 'FAILED', attempts: 2 });
    expect(error?.message).toContain('it broke');
    if (subject.name !== 'a function')
      expect(error).toMatchObject({
        code: 'PROGRAM_FAILED',
        details: { exitCode: 3, signal: null },
      });
  });

  can(['exits'], 'is not tried again where the policy names its exit code', async () => {
    if (subject.name === 'a function') return; // which has none
    const retry = { strategy: 'IMMEDIATE', maxRetries: 1, neverRetryOn: ['EXIT_3'] };
    expect((await run(subject, { do: 'exits' }, { retry })).attempts).toBe(1);
  });

  can(['throws', 'says'], 'fails with the error that it threw', async () => {
    const { error } = await run(subject, { do: 'throws' });
    expect(error?.code).toBe('PROGRAM_FAILED');
    expect(error?.message).toMatch(/no such luck|it broke/);
  });

  can(['dies'], 'fails where a signal ends it', async () => {
    const { error } = await run(subject, { do: 'dies' });
    expect(error).toMatchObject({ code: 'PROGRAM_FAILED', details: { signal: 'SIGSEGV' } });
  });

  can(['hangs'], 'is ended where its time is over', async () => {
    const { status, error } = await run(subject, { do: 'hangs' }, { timeout: '5s' });
    expect({ status, code: error?.code }).toEqual({ status: 'TIMEOUT', code: 'TIMEOUT' });
  });

  can(['hangs'], 'is ended where it is cancelled', async () => {
    const handle = await start(subject, { do: 'hangs' });
    const node = `${handle.executionId}/p`;
    const isRunning = async () => (await harness.engine.getExecution(node)).status === 'RUNNING';
    await until(isRunning, 'it runs');
    await handle.cancel();
    const { status } = await handle.result();
    expect(status).toBe('CANCELLED');
  });

  can(['keeps'], 'leaves artifacts', async () => {
    const handle = await start(subject, { do: 'keeps' });
    const { artifacts, nodes } = await handle.result();
    expect(nodes['p']?.error).toBeNull();
    const bytes = Object.fromEntries(artifacts.map(({ name, bytes: size }) => [name, size]));
    expect(bytes).toEqual({ 'notes.txt': 6, 'plots/a.png': 2 });
    expect([...(await handle.artifact('p', 'plots/a.png')).data]).toEqual([0, 255]);
  });

  can(['leaves'], 'finds nothing of the run before', async () => {
    await run(subject, { do: 'leaves' });
    expect((await run(subject, { do: 'leaves' })).output).toBe(false);
  });

  can(['raves'], 'fails where its output is no JSON', async () => {
    const { status, error } = await run(subject, { do: 'raves' });
    expect({ status, code: error?.code }).toEqual({ status: 'FAILED', code: 'OUTPUT_INVALID' });
  });

  can(
    ['echo'],
    'is refused an input that its schema does not take, before anything is prepared',
    async () => {
      const inputSchema = { type: 'object', properties: { n: { type: 'integer' } } };
      const node = await run(subject, { do: 'echo', n: 'x' }, { inputSchema });
      expect(node).toMatchObject({
        status: 'REJECTED',
        error: { code: 'INPUT_INVALID' },
        environment: null,
      });
      expect(node.error?.message).toContain('n: expected integer, got "x"');
    },
  );

  can(['echo'], 'fails where its output is not what its schema says', async () => {
    const outputSchema = { type: 'object', required: ['sum'] };
    const { status, error } = await run(subject, { do: 'echo' }, { outputSchema });
    expect({ status, code: error?.code }).toEqual({ status: 'FAILED', code: 'OUTPUT_INVALID' });
  });

  const limits: [Word, string][] = [
    ['hogs', 'memory'],
    ['fills', 'disk'],
    ['forks', 'processes'],
    ['floods', 'logs'],
  ];
  for (const [word, resource] of limits)
    can([word], `is ended where it ${word}, and ${resource} is named`, async () => {
      const resources = { cpu: 1, memory: subject.memory ?? '64Mi', disk: '16Mi', processes: 48 };
      const { status, error } = await run(subject, { do: word }, { resources, timeout: '1m' });
      expect(status).toBe('FAILED');
      expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', details: { resource } });
    });
});
