import { describe, expect, it } from '@jest/globals';
import { faultsOf, graph, inWords, lone, node, places, type BadSpec } from './support/specs.js';

const refuses = (title: string, bad: BadSpec[]): void => {
  it.each(bad)(`${title}: %s`, (_title, spec, place, says) => {
    const faults = faultsOf(spec);
    expect(places(faults)).toEqual([place]);
    expect(inWords(faults)).toMatch(says);
  });
};

describe('validateGraph on the shape of a spec', () => {
  refuses('refuses what is no graph', [
    ['null', null, '(root) INVALID_TYPE', /expected object, got null/],
    ['nothing', undefined, '(root) MISSING', /is required/],
    ['a text', 'orders', '(root) INVALID_TYPE', /expected object, got "orders"/],
    ['a number', 5, '(root) INVALID_TYPE', /got 5/],
    ['a list', [node('a')], '(root) INVALID_TYPE', /expected object/],
    ['no name', graph({ name: undefined }), 'name MISSING', /is required: expected string/],
    ['an empty name', graph({ name: '' }), 'name INVALID_VALUE', /got ""/],
    ['a name of 201', graph({ name: 'x'.repeat(201) }), 'name INVALID_VALUE', /<=200/],
    ['a name that is a number', graph({ name: 5 }), 'name INVALID_TYPE', /expected string, got 5/],
    ['no tasks', graph({ tasks: undefined }), 'tasks MISSING', /expected array/],
    ['an empty list of tasks', graph({ tasks: [] }), 'tasks INVALID_VALUE', /at least one task/],
    ['tasks as an object', graph({ tasks: { a: node('a') } }), 'tasks INVALID_TYPE', /array/],
    ['a version that is a number', graph({ version: 2 }), 'version INVALID_TYPE', /string, got 2/],
  ]);

  refuses('refuses a bad graph option', [
    ['concurrency 0', graph({ concurrency: 0 }), 'concurrency INVALID_VALUE', />=1, got 0/],
    ['concurrency 1,001', graph({ concurrency: 1_001 }), 'concurrency INVALID_VALUE', /<=1000/],
    ['concurrency 1.5', graph({ concurrency: 1.5 }), 'concurrency INVALID_TYPE', /int, got 1.5/],
    ['concurrency as text', graph({ concurrency: '10' }), 'concurrency INVALID_TYPE', /got "10"/],
    [
      'onFailure unknown',
      graph({ onFailure: 'failfast' }),
      'onFailure INVALID_VALUE',
      /did you mean "failFast"\?/,
    ],
    [
      'a negative deadline',
      graph({ deadline: -1 }),
      'deadline INVALID_VALUE',
      /duration .* got -1/,
    ],
    ['a deadline of 0', graph({ deadline: '0s' }), 'deadline INVALID_VALUE', /than 0 ms, got "0s"/],
    ['a deadline in words', graph({ deadline: 'soon' }), 'deadline INVALID_VALUE', /got "soon"/],
    ['a deadline of null', graph({ deadline: null }), 'deadline INVALID_TYPE', /got null/],
    ['hooks as a list', graph({ hooks: ['audit'] }), 'hooks INVALID_TYPE', /expected object/],
    [
      'a hook that is no name',
      graph({ hooks: { pre: [5] } }),
      'hooks.pre[0] INVALID_TYPE',
      /got 5/,
    ],
    [
      '51 tags',
      graph({ tags: Array.from({ length: 51 }, () => 'x') }),
      'tags INVALID_VALUE',
      /<=50/,
    ],
    ['metadata as text', graph({ metadata: 'x' }), 'metadata INVALID_TYPE', /record, got "x"/],
  ]);

  refuses('refuses an unknown field, with the nearest name, at every level', [
    [
      'of the graph',
      graph({ concurency: 5 }),
      'concurency UNKNOWN_FIELD',
      /did you mean "concurrency"\?/,
    ],
    [
      'of the graph, with nothing near',
      graph({ zzz: 5 }),
      'zzz UNKNOWN_FIELD',
      /unknown field "zzz"$/,
    ],
    ['of a node', lone({ dependOn: [] }), 'tasks[0].dependOn UNKNOWN_FIELD', /"dependsOn"\?/],
    [
      'of a retry',
      lone({ retry: { maxRetry: 1 } }),
      'tasks[0].retry.maxRetry UNKNOWN_FIELD',
      /"maxRetries"\?/,
    ],
    [
      'of byError',
      lone({ retry: { byError: { X: { dely: 1 } } } }),
      'tasks[0].retry.byError.X.dely UNKNOWN_FIELD',
      /"delay"\?/,
    ],
    [
      'of the defaults',
      graph({ defaults: { timout: 1 } }),
      'defaults.timout UNKNOWN_FIELD',
      /"timeout"\?/,
    ],
    [
      'of the hooks',
      graph({ hooks: { pos: [] } }),
      'hooks.pos UNKNOWN_FIELD',
      /did you mean "post"\?/,
    ],
    [
      'called __proto__',
      JSON.parse('{"name":"x","tasks":[{"id":"a","task":"load"}],"__proto__":{"y":1}}'),
      '__proto__ UNKNOWN_FIELD',
      /unknown field "__proto__"/,
    ],
    ['that needs quotes', lone({ 'a b': 1 }), 'tasks[0]["a b"] UNKNOWN_FIELD', /"a b"/],
  ]);

  refuses('refuses a bad node', [
    ['null', graph({ tasks: [null] }), 'tasks[0] INVALID_TYPE', /expected object, got null/],
    ['a text', graph({ tasks: [node('a'), 'b'] }), 'tasks[1] INVALID_TYPE', /got "b"/],
    ['no id', graph({ tasks: [{ task: 'load' }] }), 'tasks[0].id MISSING', /expected string/],
    ['an empty id', lone({ id: '' }), 'tasks[0].id INVALID_VALUE', /1 to 128 of the characters/],
    ['an id of 129', lone({ id: 'x'.repeat(129) }), 'tasks[0].id INVALID_VALUE', /1 to 128/],
    ['an id with a slash', lone({ id: 'a/b' }), 'tasks[0].id INVALID_VALUE', /got "a\/b"/],
    ['an id outside ASCII', lone({ id: 'größe' }), 'tasks[0].id INVALID_VALUE', /got "größe"/],
    ['an id with a line end', lone({ id: 'a\n' }), 'tasks[0].id INVALID_VALUE', /got "a\\n"/],
    [
      'an id that is a number',
      lone({ id: 1 }),
      'tasks[0].id INVALID_TYPE',
      /expected string, got 1/,
    ],
    [
      'no task',
      graph({ tasks: [{ id: 'a' }] }),
      'tasks[0].task MISSING',
      /one of task, graph, approval, process, container, faas/,
    ],
    ['an empty task', lone({ task: '' }), 'tasks[0].task INVALID_VALUE', /got ""/],
    [
      'dependsOn as text',
      lone({ dependsOn: 'b' }),
      'tasks[0].dependsOn INVALID_TYPE',
      /array, got "b"/,
    ],
    ['dependsOn null', lone({ dependsOn: null }), 'tasks[0].dependsOn INVALID_TYPE', /got null/],
    [
      'an unknown trigger',
      lone({ trigger: 'all_sucess' }),
      'tasks[0].trigger INVALID_VALUE',
      /did you mean "all_success"\?/,
    ],
    [
      'allowFailure as text',
      lone({ allowFailure: 'yes' }),
      'tasks[0].allowFailure INVALID_TYPE',
      /boolean/,
    ],
    [
      'an unknown priority',
      lone({ priority: 'URGENT' }),
      'tasks[0].priority INVALID_VALUE',
      /LOW, MEDIUM, HIGH, CRITICAL/,
    ],
    [
      'a priority in small letters',
      lone({ priority: 'high' }),
      'tasks[0].priority INVALID_VALUE',
      /did you mean "HIGH"\?/,
    ],
    [
      'a bad timeout',
      lone({ timeout: '5 parsecs' }),
      'tasks[0].timeout INVALID_VALUE',
      /got "5 parsecs"/,
    ],
    ['a timeout of 0', lone({ timeout: 0 }), 'tasks[0].timeout INVALID_VALUE', /than 0 ms, got 0/],
    [
      'a total timeout of 0',
      lone({ totalTimeout: '0.2ms' }),
      'tasks[0].totalTimeout INVALID_VALUE',
      /than 0 ms, got "0.2ms"/,
    ],
    [
      'a heartbeat timeout of 0',
      lone({ heartbeatTimeout: 0 }),
      'tasks[0].heartbeatTimeout INVALID_VALUE',
      /than 0 ms/,
    ],
    [
      'a queue timeout of 0',
      lone({ queueTimeout: '0s' }),
      'tasks[0].queueTimeout INVALID_VALUE',
      /than 0 ms/,
    ],
    ['a timeout of null', lone({ timeout: null }), 'tasks[0].timeout INVALID_TYPE', /got null/],
    [
      'a negative timeout',
      lone({ totalTimeout: -5 }),
      'tasks[0].totalTimeout INVALID_VALUE',
      /got -5/,
    ],
    [
      'a queueTimeout over ten years',
      lone({ queueTimeout: '4000d' }),
      'tasks[0].queueTimeout INVALID_VALUE',
      /"4000d"/,
    ],
    [
      'maxLostWorkers -1',
      lone({ maxLostWorkers: -1 }),
      'tasks[0].maxLostWorkers INVALID_VALUE',
      />=0/,
    ],
    [
      'a time without zone',
      lone({ scheduledTime: '2027-01-31T08:00:00' }),
      'tasks[0].scheduledTime INVALID_VALUE',
      /ISO time with a zone/,
    ],
    [
      'a day that is not',
      lone({ scheduledTime: '2027-02-31T08:00:00Z' }),
      'tasks[0].scheduledTime INVALID_VALUE',
      /ISO time/,
    ],
    [
      'a time in words',
      lone({ scheduledTime: 'tomorrow' }),
      'tasks[0].scheduledTime INVALID_VALUE',
      /delay such as "10m"/,
    ],
  ]);

  refuses('refuses bad retry options', [
    [
      'an unknown strategy',
      lone({ retry: 'EXPONENTIAL' }),
      'tasks[0].retry INVALID_VALUE',
      /expected one of NONE/,
    ],
    ['a number', lone({ retry: 5 }), 'tasks[0].retry INVALID_VALUE', /LIST or object, got 5/],
    [
      'a negative number of retries',
      lone({ retry: { maxRetries: -1 } }),
      'tasks[0].retry.maxRetries INVALID_VALUE',
      /got -1/,
    ],
    ['jitter 2', lone({ retry: { jitter: 2 } }), 'tasks[0].retry.jitter INVALID_VALUE', /got 2/],
    [
      'an empty list',
      lone({ retry: { delays: [] } }),
      'tasks[0].retry.delays INVALID_VALUE',
      /got \[\]/,
    ],
    [
      'a bad delay',
      lone({ retry: { delays: ['1s', 'x'] } }),
      'tasks[0].retry.delays[1] INVALID_VALUE',
      /got "x"/,
    ],
    [
      'NONE with retries',
      lone({ retry: { strategy: 'NONE', maxRetries: 2 } }),
      'tasks[0].retry RETRY',
      /drop one of the two/,
    ],
    [
      'a cap below the delay',
      lone({ retry: { delay: '2m', maxDelay: '1m' } }),
      'tasks[0].retry RETRY',
      /maxDelay \(1 min\) is below delay \(2 min\)/,
    ],
    [
      'a list with a strategy',
      graph({ defaults: { retry: { strategy: 'IMMEDIATE', delays: [1] } } }),
      'defaults.retry RETRY',
      /takes no "delays"/,
    ],
    [
      'a contradiction in byError',
      lone({ retry: { byError: { X: { strategy: 'DELAY_LIST' } } } }),
      'tasks[0].retry RETRY',
      /needs "delays"/,
    ],
  ]);

  it.each<[string, object]>([
    ['the least that can be said', lone({})],
    [
      'names that objects inherit, as ids',
      graph({ tasks: [node('__proto__'), node('constructor', { dependsOn: ['__proto__'] })] }),
    ],
    ['the longest id', lone({ id: 'x'.repeat(128) })],
    [
      'every option',
      lone({
        priority: 'CRITICAL',
        retry: 'NONE',
        timeout: '5s',
        totalTimeout: 1,
        heartbeatTimeout: '10s',
        queueTimeout: null,
        queue: 'gpu',
        maxLostWorkers: 0,
        description: 'x',
        dependsOn: [],
        input: { a: [1] },
        trigger: 'always',
        allowFailure: true,
        scheduledTime: '2027-01-31T08:00:00+01:00',
        metadata: { a: 1 },
        tags: ['x'],
      }),
    ],
    ['a start after a delay', lone({ scheduledTime: '10m' })],
    [
      'concurrency 1 and 1,000',
      graph({ concurrency: 1_000, deadline: '1d', onFailure: 'failFast' }),
    ],
  ])('finds nothing wrong with %s', (_title, spec) => {
    expect(faultsOf(spec)).toEqual([]);
  });

  it('reports all faults at once, each once', () => {
    const faults = faultsOf({
      nme: 'x',
      concurrency: 0,
      params: { 'bad name': {}, n: { type: 'integer', default: 'x' } },
      hooks: { pre: ['audti'] },
      defaults: { retry: { strategy: 'NONE', maxRetries: 1 } },
      tasks: [
        node('a', { dependsOn: ['b'], timeout: 'x' }),
        node('b', { dependsOn: ['a', 'zz'], input: '${{ 1 + }} ${{ params.m }}' }),
        node('a', { task: 'laod', input: '${{ tasks.zz.output }}' }),
        { id: 'ü' },
      ],
    });
    expect(places(faults).sort()).toEqual(
      [
        'name MISSING',
        'nme UNKNOWN_FIELD',
        'concurrency INVALID_VALUE',
        'params["bad name"] INVALID_VALUE',
        'params.n.default PARAM_INVALID',
        'hooks.pre[0] UNKNOWN_HOOK',
        'defaults.retry RETRY',
        'tasks[0].timeout INVALID_VALUE',
        'tasks[0].dependsOn CYCLE',
        'tasks[1].dependsOn[1] UNKNOWN_DEPENDENCY',
        'tasks[1].input EXPRESSION',
        'tasks[2].id DUPLICATE_ID',
        'tasks[2].task UNKNOWN_TASK',
        'tasks[2].input UNKNOWN_REFERENCE',
        'tasks[3].id INVALID_VALUE',
        'tasks[3].task MISSING',
      ].sort(),
    );
  });
});

describe('validateGraph on a submission', () => {
  it.each([
    [
      'an unknown field',
      { parms: {} },
      'submission.parms UNKNOWN_FIELD',
      /did you mean "params"\?/,
    ],
    ['params as a list', { params: [] }, 'submission.params INVALID_TYPE', /record/],
    [
      'a sessionId of 257',
      { sessionId: 'x'.repeat(257) },
      'submission.sessionId INVALID_VALUE',
      /256/,
    ],
    [
      'an unknown option',
      { options: { timout: 1 } },
      'submission.options.timout UNKNOWN_FIELD',
      /"timeout"\?/,
    ],
    ...(['parms', 'projct', 'inputt', 'dependancies', 'tag', 'project'] as const).map(
      (field): [string, object, string, RegExp] => [
        `${field}, which stands beside the options`,
        { options: { [field]: {} } },
        `submission.options.${field} UNKNOWN_FIELD`,
        /"(params|project|input|dependencies|tags)"\?|it is said beside the options/,
      ],
    ),
    [
      'a value that is no JSON',
      { metadata: { at: new Date(0) } },
      'submission.metadata.at INVALID_TYPE',
      /a Date is not JSON/,
    ],
    ['a text', 'x', 'submission INVALID_TYPE', /expected object/],
    [
      'a retry that contradicts itself',
      { options: { retry: { strategy: 'NONE', maxRetries: 3 } } },
      'submission.options.retry RETRY',
      /NONE means no retry, but maxRetries is 3/,
    ],
  ])('refuses %s', (_title, submission, place, says) => {
    const faults = faultsOf(graph(), submission);
    expect(places(faults)).toEqual([place]);
    expect(inWords(faults)).toMatch(says);
  });

  it('takes none', () => {
    expect(faultsOf(graph(), null)).toEqual([]);
    expect(faultsOf(graph())).toEqual([]);
  });
});
