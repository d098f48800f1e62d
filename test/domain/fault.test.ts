import { describe, expect, it } from '@jest/globals';
import { fault, formatFaults } from '../../src/domain/fault.js';
import { faultsOf, graph, inWords, lone, node } from './support/specs.js';

describe('formatFaults', () => {
  it.each<[object, string]>([
    [
      lone({ timeout: '5 parsecs' }),
      'tasks[0].timeout: expected a duration such as "5s", "10m", "1.5h" or milliseconds, from 0 to ten years, got "5 parsecs"',
    ],
    [graph({ concurrency: '10' }), 'concurrency: expected number, got "10"'],
    [graph({ name: undefined }), 'name: is required: expected string'],
    [
      graph({ concurency: 1 }),
      'concurency: unknown field "concurency" (did you mean "concurrency"?)',
    ],
    [graph({ tasks: [] }), 'tasks: must hold at least one task, got []'],
    [
      lone({ id: 'a b' }),
      'tasks[0].id: must be 1 to 128 of the characters A-Z a-z 0-9 _ . -, got "a b"',
    ],
    [
      lone({ trigger: 'allways' }),
      'tasks[0].trigger: expected one of all_success, all_failed, all_done, all_skipped, one_success, one_failed, one_done, none_failed, none_failed_min_one_success, none_skipped, all_done_min_one_success, always, got "allways" (did you mean "always"?)',
    ],
    [
      lone({ dependsOn: ['a'] }),
      'tasks[0].dependsOn: the graph has a cycle: a → a (each depends on the next; remove one of these dependencies)',
    ],
    [lone({ dependsOn: ['b'] }), 'tasks[0].dependsOn[0]: unknown task "b" (did you mean "a"?)'],
    [
      graph({ tasks: [node('a'), node('a')] }),
      'tasks[1].id: "a" is already the id of tasks[0] (ids are unique in a graph)',
    ],
    [
      lone({ task: 'tempograph.x' }),
      'tasks[0].task: "tempograph.x" is a name of our own (name one of your tasks)',
    ],
    [
      lone({ input: '${{ tasks.a.output }}' }),
      'tasks[0].input: reads tasks["a"], which "a" does not wait for (a task cannot read itself)',
    ],
    [
      lone({ retry: { strategy: 'NONE', maxRetries: 1 } }),
      'tasks[0].retry: strategy NONE means no retry, but maxRetries is 1; drop one of the two',
    ],
    [
      lone({ scheduledTime: '2027-01-31' }),
      'tasks[0].scheduledTime: must be a delay such as "10m", or an ISO time with a zone, such as 2027-01-31T08:00:00Z, got "2027-01-31"',
    ],
    [graph({ params: { n: { type: 'integer' } } }), 'params.n: must be given: it has no default'],
    [lone({ input: NaN }), 'tasks[0].input: NaN is not JSON'],
  ])('says what is wrong, where, and what to do: %#', (spec, expected) => {
    expect(inWords(faultsOf(spec))).toBe(expected);
  });

  it('says of what is wrong with a whole file its line alone', () => {
    const whole = { path: '(root)', code: 'YAML', message: 'the key "a" is there twice' } as const;
    expect(formatFaults([{ ...whole, line: 2, column: 4 }])).toBe('2:4 the key "a" is there twice');
  });

  it('puts one fault on a line, with the line in the file first', () => {
    const at = { ...fault(['a', 0], 'MISSING', 'is required'), line: 3, column: 5 };
    expect(formatFaults([at, fault([], 'YAML', 'bad', 'mend it')])).toBe(
      '3:5 a[0]: is required\n(root): bad (mend it)',
    );
  });
});
