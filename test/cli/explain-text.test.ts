import { explanationLines } from '../../src/cli/explain-text.js';
import { markedColors } from '../../src/cli/paint.js';
import type { Explanation } from '../../src/domain/explain.js';
import { failureOf, type EndedNode } from '../../src/domain/failure.js';

const node = (id: string, message: string): EndedNode => ({
  ...{ id, status: 'FAILED', attempts: 1, maxRetries: 0, endedAt: '2026-03-14T09:30:00.000Z' },
  error: { code: 'Boom', message, origin: 'task', retriable: false },
});
const graph = { executionId: 'g', status: 'FAILED', error: undefined, kind: 'graph' } as const;

describe('explanationLines', () => {
  it.each([
    ['an item of a map by its place', '2', '✘ each[2] failed: Boom: no disk'],
    ['a node of a sub-graph by its name', 'load', '✘ load failed: Boom: no disk'],
  ])('calls %s', (_name, id, expected) => {
    const one = node('each', `${id}: no disk`);
    const inside = failureOf({ ...graph, executionId: 'g/each' }, node(id, 'no disk'), []);
    const own = failureOf(graph, one, [one]);
    const failure = { ...own, inside: [inside] };
    const said = {
      task: 'work',
      sentence: '',
      bound: null,
      times: null,
      reason: { kind: 'ended' },
    };
    const asked = { nodeId: 'each', executionId: 'g/each', status: 'FAILED', failure, ...said };
    const explanation = {
      ...{ executionId: 'g', status: 'FAILED', nodes: [asked], failures: [], moreFailures: 0 },
      ...{ reasons: [], sentence: '', wallTime: null, bound: null, at: one.endedAt },
    } as unknown as Explanation;
    const look = { style: markedColors(false), width: Infinity };
    expect(explanationLines(explanation, 'g/each', look).join('\n')).toContain(expected);
  });
});
