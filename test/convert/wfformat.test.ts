import { describe, expect, it } from '@jest/globals';
import { convert } from '../../src/convert/convert.js';
import { WFFORMAT_14, WFFORMAT_15 } from './support/wfformat.js';

const read = (trace: unknown) => convert(JSON.stringify(trace), { from: 'wfformat' });

describe('a WfFormat trace', () => {
  it('of version 1.5 gives nodes with dependencies, run times and commands', () => {
    const { pipeline, losses } = read(WFFORMAT_15);
    expect(pipeline).toMatchObject({
      name: 'blast',
      description: 'A made trace',
      tasks: [
        {
          id: 'split_1',
          task: 'noop',
          description: 'split fasta',
          expectedDuration: 2250,
          input: {
            inputFiles: ['in'],
            outputFiles: ['part'],
            command: { program: 'split', arguments: ['-n', '$${{ x }}'] },
          },
        },
        { id: 'blast_1', dependsOn: ['split_1'], expectedDuration: 10_000 },
      ],
    });
    expect(losses.map(({ path }) => path)).toEqual([
      'createdAt',
      'runtimeSystem',
      'author',
      'workflow.specification.files',
      'workflow.execution.makespanInSeconds',
      'workflow.execution.executedAt',
      'workflow.execution.tasks[0].command',
      'workflow.execution.machines',
      ...['coreCount', 'avgCPU', 'readBytes', 'writtenBytes', 'memoryInBytes', 'energyInKWh'].map(
        (key) => `workflow.execution.tasks[*].${key}`,
      ),
      ...['avgPowerInW', 'priority', 'machines'].map((key) => `workflow.execution.tasks[*].${key}`),
    ]);
  });

  it('of version 1.4 names parents by name, and 1.3 says runtime', () => {
    expect(read(WFFORMAT_14).pipeline.tasks).toMatchObject([
      { id: 'ID1', description: 'first', expectedDuration: 1500 },
      { id: 'ID2', dependsOn: ['ID1'], expectedDuration: 2000 },
    ]);
  });

  it('takes an edge from parents or children, and tells of one that leads nowhere', () => {
    const tasks = [
      { name: 'a', id: 'a', parents: [], children: ['b', 'ghost'] },
      { name: 'b', id: 'b', parents: ['phantom'], children: [] },
    ];
    const { pipeline, losses } = read({
      name: 'x',
      schemaVersion: '1.5',
      workflow: { specification: { tasks } },
    });
    expect(pipeline.tasks[1]?.dependsOn).toEqual(['a']);
    expect(losses.map(({ path }) => path)).toEqual([
      'workflow.specification.tasks[0].children[1]',
      'workflow.specification.tasks[1].parents[0]',
    ]);
  });

  it.each([
    [{ name: 'x' }, 'this is no WfFormat'],
    [{ workflow: {} }, 'workflow.specification.tasks: expected a list of tasks'],
    [{ workflow: { tasks: [1] } }, 'tasks[0]: expected an object, got 1'],
    [{ workflow: { tasks: [{ name: 'a', parents: ['a'] }] } }, 'the graph has a cycle'],
  ])('is refused where it is %j', (trace, message) => {
    expect(() => read(trace)).toThrow(message);
  });
});
