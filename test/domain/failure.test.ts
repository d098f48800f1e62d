import { failureText } from '../../src/domain/explain-text.js';
import { failureOf, failuresOf, type EndedNode, type NoMore } from '../../src/domain/failure.js';

const graph = (more: object = {}) => ({
  ...{ executionId: 'g-1', status: 'FAILED' as const, error: undefined, kind: 'graph' as const },
  ...more,
});
const error = (code: string, retriable = true) => ({
  ...{ code, message: 'no', origin: 'task' as const, retriable },
});
const failed = (id: string, more: Partial<EndedNode> = {}): EndedNode => ({
  ...{ id, status: 'FAILED', attempts: 3, maxRetries: 2, error: error('E') },
  ...more,
});

describe('failuresOf', () => {
  it('tells failures in the order of their ends, and counts those that are too many', () => {
    const nodes = Array.from({ length: 12 }, (_, index) =>
      failed(`n${index}`, { endedAt: `2026-01-01T00:00:${59 - index}Z` }),
    );
    const { failures, moreFailures } = failuresOf(graph(), nodes);
    expect(failures.map(({ nodeId }) => nodeId)).toEqual(
      Array.from({ length: 10 }, (_, index) => `n${11 - index}`),
    );
    expect(moreFailures).toBe(2);
  });

  it('tells those that may fail after those that made the graph fail, and mends only these', () => {
    const nodes = [failed('audit', { endedAt: '1' }), failed('bill', { endedAt: '2' })];
    const { failures } = failuresOf(graph({ failedBy: new Set(['bill']) }), nodes);
    expect(failures.map(({ nodeId, allowed }) => [nodeId, allowed])).toEqual([
      ['bill', undefined],
      ['audit', true],
    ]);
    expect(failures[0]?.next.map(({ command }) => command)).toContain(
      'tempograph rerun g-1 --from failed',
    );
    expect(failures[1]?.sentence).toMatch(/; it may fail, and its graph went on$/);
    expect(failures[1]?.next.map(({ command }) => command)).toEqual(['tempograph logs g-1/audit']);
    const done = failuresOf(graph({ status: 'COMPLETED' }), nodes).failures;
    expect(done.every(({ allowed }) => allowed)).toBe(true);
  });

  it('counts to a failure what was skipped because of it, however far below, and once', () => {
    const skipped = (id: string, after: string): EndedNode => ({
      ...{ id, after, status: 'SKIPPED', attempts: 0, maxRetries: 3 },
    });
    const nodes = [
      ...[failed('a', { endedAt: '1' }), failed('b', { endedAt: '2' })],
      ...[skipped('c', 'a'), skipped('d', 'c'), skipped('e', 'd'), skipped('f', 'b')],
    ];
    const { failures } = failuresOf(graph(), nodes);
    expect(failures.map(({ skipped: count }) => count)).toEqual([3, 1]);
    expect(failures[0]?.sentence).toContain('3 nodes were skipped because of it');
  });

  it('tells of a node that was cancelled by itself where its graph failed, and never as one that may fail', () => {
    const cancelled = failed('hung', { status: 'CANCELLED', reason: 'cancelled', endedAt: '2' });
    const nodes = [cancelled, failed('audit', { endedAt: '1' })];
    const { failures } = failuresOf(graph({ failedBy: new Set(['hung']) }), nodes);
    expect(failures).toMatchObject([
      { nodeId: 'hung', status: 'CANCELLED', noMore: 'person', sentence: 'a person decided it' },
      { nodeId: 'audit', allowed: true },
    ]);
    const swept = failed('swept', { status: 'CANCELLED', reason: 'fail_fast', endedAt: '2' });
    expect(failuresOf(graph(), [failed('a'), swept]).failures).toHaveLength(1);
    const whole = graph({ status: 'CANCELLED' });
    expect(failuresOf(whole, [cancelled]).failures).toEqual([]);
  });

  it('tells of the execution where none of its nodes failed', () => {
    const late = graph({ status: 'TIMEOUT', error: error('TIMEOUT') });
    expect(failuresOf(late, [])).toMatchObject({
      failures: [
        { nodeId: null, executionId: 'g-1', noMore: 'time', sentence: 'its time was over' },
      ],
    });
    expect(
      failuresOf(graph({ status: 'REJECTED', error: error('SPEC_INVALID') }), []),
    ).toMatchObject({
      failures: [
        {
          ...{ nodeId: null, noMore: 'refused' },
          next: [{ command: 'tempograph validate FILE' }, { command: 'tempograph run FILE' }],
        },
      ],
    });
    expect(failuresOf(graph({ status: 'COMPLETED' }), [])).toEqual({
      failures: [],
      moreFailures: 0,
    });
  });
});

describe('failuresOf an execution that was refused as a whole', () => {
  it.each([
    ['graph', ['tempograph validate FILE', 'tempograph run FILE']],
    ['task', ['tempograph run TASK --input JSON']],
    ['batch', ['tempograph batch FILE']],
  ] as const)('says of a %s what there is to correct: %j', (kind, commands) => {
    const refused = graph({ kind, status: 'REJECTED', error: error('SPEC_INVALID', false) });
    const [failure] = failuresOf(refused, []).failures;
    expect(failure?.next.map((step) => step.command)).toEqual(commands);
  });

  it('says how workers come to know a task that none knows', () => {
    const unknown = { ...error('SPEC_INVALID', false), message: 'tasks[0].task: unknown task "x"' };
    const refused = graph({ status: 'REJECTED', error: unknown });
    expect(failuresOf(refused, []).failures[0]?.next[0]).toEqual({
      say: 'if the name is right: workers that know the task',
      command: 'tempograph worker --tasks FILE',
    });
  });
});

describe('failureOf', () => {
  const of = (node: EndedNode, more: object = {}) => failureOf(graph(more), node, [node]);

  it.each<[NoMore, Partial<EndedNode>, RegExp]>([
    ['spent', {}, /^all 3 attempts were made$/],
    ['off', { attempts: 1, maxRetries: 0 }, /^one attempt was made, and its retry policy has no/],
    [
      'final',
      { attempts: 1, error: error('E', false) },
      /^attempt 1 of 3 was the last: an error like/,
    ],
    ['time', { attempts: 1, status: 'TIMEOUT' }, /^attempt 1 of 3 was the last: no time was left/],
    [
      'refused',
      { attempts: 0, status: 'REJECTED', error: error('INPUT_INVALID', false) },
      /nothing of/,
    ],
    ['person', { attempts: 1, reason: 'operator' }, /^a person decided it$/],
    ['person', { attempts: 0, error: error('DENIED', false) }, /^a person decided it$/],
    ['inside', { attempts: 1, kind: 'map' }, /^it failed below$/],
  ])('says that there was no other attempt because of: %s', (noMore, more, sentence) => {
    expect(of(failed('a', more))).toMatchObject({
      noMore,
      sentence: expect.stringMatching(sentence) as string,
    });
  });

  it('adds up the waits between attempts', () => {
    const at = { startedAt: '', outcome: 'FAILED' as const };
    const attemptHistory = [
      { attempt: 1, waitMs: 1_000, ...at },
      { attempt: 2, waitMs: 2_000, ...at },
      { attempt: 3, ...at },
    ];
    expect(of(failed('a', { attemptHistory }))).toMatchObject({
      waitsMs: [1_000, 2_000],
      sentence: 'all 3 attempts were made, 3 s of waits between them',
    });
  });

  it.each<[string, Partial<EndedNode>, object, string[]]>([
    [
      'retries were spent',
      {},
      {},
      [
        'tempograph logs g-1/a',
        'tempograph retry-preview --max-retries 5',
        'tempograph rerun g-1 --from failed',
      ],
    ],
    [
      'its surroundings are at fault',
      { error: error('WORKER_LOST'), attempts: 3 },
      {},
      ['tempograph doctor', 'tempograph logs g-1/a', 'tempograph rerun g-1 --from failed'],
    ],
    [
      'eight retries were spent',
      { attempts: 9, maxRetries: 8 },
      {},
      [
        'tempograph logs g-1/a',
        'tempograph retry-preview --max-retries 16',
        'tempograph rerun g-1 --from failed',
      ],
    ],
    [
      'its policy has no retry, and such an error would have none',
      { attempts: 1, maxRetries: 0, error: error('E', false) },
      {},
      ['tempograph logs g-1/a', 'tempograph rerun g-1 --from failed'],
    ],
    [
      'it was refused',
      { status: 'REJECTED', error: error('INPUT_INVALID', false), attempts: 0 },
      {},
      ['tempograph rerun g-1 --from failed --graph FILE'],
    ],
    [
      'it failed below',
      { kind: 'graph', attempts: 1 },
      {},
      ['tempograph explain g-1/a', 'tempograph rerun g-1 --from failed'],
    ],
    [
      'it is an item of a batch, which is not run again',
      { attempts: 1, maxRetries: 0, error: error('E', false) },
      { kind: 'batch' },
      ['tempograph logs g-1/a', 'tempograph batch FILE'],
    ],
    [
      'an item of a batch was refused',
      { status: 'REJECTED', error: error('INPUT_INVALID', false), attempts: 0 },
      { kind: 'batch' },
      ['tempograph batch FILE'],
    ],
    [
      'a lone task was refused',
      { status: 'REJECTED', error: error('INPUT_INVALID', false), attempts: 0 },
      { kind: 'task' },
      ['tempograph run TASK --input JSON'],
    ],
    [
      'a person decided it, of a lone task whose id has a blank',
      { reason: 'operator' },
      { kind: 'task', executionId: "it's one" },
      [`tempograph rerun 'it'\\''s one'`],
    ],
  ])('says what to do where %s', (_what, more, execution, commands) => {
    const { next = [] } = of(failed('a', more), execution) ?? {};
    expect(next.map(({ command }) => command)).toEqual(commands);
  });
});

describe('failureText', () => {
  const told = (code: string, message: string): string => {
    const [failure] = failuresOf(graph(), [
      failed('a', { error: { ...error(code), message } }),
    ]).failures;
    return failure ? failureText(failure) : '';
  };

  it('has the end of a message, which says what to do, and cuts what goes on for ever', () => {
    const what = `the output is no JSON: ${'what stood there, '.repeat(10)}write one JSON document`;
    expect(told('OUTPUT_INVALID', what)).toContain(`a failed: OUTPUT_INVALID: ${what}; `);
    expect(told('E', 'x'.repeat(5_000)).length).toBeLessThan(600);
  });

  it('tells the faults of a spec apart, and puts other lines after each other', () => {
    const two = 'tasks[0].task: unknown task\ntasks[1].task: unknown task';
    expect(told('SPEC_INVALID', two)).toContain('unknown task; tasks[1].task');
    expect(told('E', 'one\n  two')).toContain('one two');
  });
});
