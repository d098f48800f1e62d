import { describe, expect, it } from '@jest/globals';
import { adjacencyToSpec, isAdjacency } from '../../src/domain/adjacency.js';
import { faultsOf } from './support/specs.js';

describe('isAdjacency', () => {
  it.each<[unknown, boolean]>([
    [{ b: ['a'] }, true],
    [{}, true],
    [{ tasks: [] }, false],
    [{ b: 'a' }, false],
    [[], false],
    [null, false],
  ])('of %j is %s', (value, expected) => {
    expect(isAdjacency(value)).toBe(expected);
  });
});

describe('adjacencyToSpec', () => {
  it('makes a task of every id, with its dependencies', () => {
    expect(adjacencyToSpec({ task_1: [], task_2: ['task_1'] }, 'short')).toEqual({
      name: 'short',
      tasks: [
        { id: 'task_1', task: 'task_1', dependsOn: [] },
        { id: 'task_2', task: 'task_2', dependsOn: ['task_1'] },
      ],
    });
  });

  it('leaves an id that only occurs as a dependency to validation', () => {
    const spec = adjacencyToSpec({ b: ['a'] }, 'short');
    expect(faultsOf(spec).map(({ code }) => code)).toContain('UNKNOWN_DEPENDENCY');
  });

  it('takes __proto__ for an id', () => {
    const adjacency = JSON.parse('{"__proto__": [], "b": ["__proto__"]}') as Record<
      string,
      string[]
    >;
    expect(adjacencyToSpec(adjacency, 'x').tasks.map(({ id }) => id)).toEqual(['__proto__', 'b']);
  });
});
