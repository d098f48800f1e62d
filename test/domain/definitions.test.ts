import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineGraph, GraphBuilder } from '../../src/builder.js';
import { inOrder } from '../../src/convert/order.js';
import { planFacts } from '../../src/registry-facts.js';
import {
  defineTask,
  taskOptions,
  TaskRegistry,
  withUndoTasks,
  type AnyTask,
} from '../../src/registry.js';
import { readPipelineFile } from '../../src/templates/program-files.js';

const refund = defineTask<{ receipt: string }>({ name: 'refund', run: () => undefined });
const pay = {
  name: 'pay',
  input: z.object({ cents: z.int() }),
  output: z.object({ receipt: z.string() }),
  run: () => ({ receipt: 'r' }),
};

describe('defineTask', () => {
  it('takes what undoes it as a node does: by name, by definition, with more, by a program', () => {
    const undoOf = (compensate: AnyTask['compensate']) =>
      taskOptions({ ...pay, compensate } as AnyTask).compensate;
    expect(undoOf('refund')).toEqual({ task: 'refund' });
    expect(undoOf(refund)).toEqual({ task: 'refund' });
    expect(undoOf({ task: refund, retry: 'NONE', timeout: '1s' })).toEqual({
      ...{ task: 'refund', retry: { strategy: 'NONE' }, timeout: 1_000 },
    });
    expect(
      undoOf({ process: { command: ['rm', '${{ input }}'] }, input: '${{ output }}' }),
    ).toEqual({
      ...{ process: { command: ['rm', '${{ input }}'] }, input: '${{ output }}' },
    });
    expect(undoOf(false)).toBe(false);
  });

  it('types what makes the input of that of its own input and output', () => {
    const typed = defineTask({
      ...pay,
      metadata: { team: 'money' },
      tags: ['payment'],
      compensate: {
        task: refund,
        inputOf: (input, output) => ({
          receipt: output.receipt,
          of: `${String(input.cents)} cents`,
        }),
      },
    });
    expect(taskOptions(typed)).toEqual({
      ...{ metadata: { team: 'money' }, tags: ['payment'] },
      compensate: {
        task: 'refund',
        input: { receipt: '${{ output.receipt }}', of: '${{ input.cents }} cents' },
      },
    });
    const wrong = { ...pay, compensate: { timeout: '1s' } };
    // @ts-expect-error it is a task or a program
    expect(() => defineTask(wrong)).toThrow(/compensate has one of task, process/);
  });

  it.each<[string, object, string]>([
    ['no work', { compensate: { input: 1 } }, 'compensate.task: compensate has one of task'],
    ['a number', { compensate: 5 }, 'compensate: expected string, object or false, got 5'],
    ['a slip', { compensate: { task: 'x', tiemout: 1 } }, 'compensate.tiemout: unknown field'],
    [
      'a name of ours',
      { compensate: 'tempograph.graph' },
      'compensate: "tempograph.graph" is a name of our own',
    ],
    [
      'an input that reads what it may not',
      { compensate: { task: 'x', input: { a: '${{ params.x }}' } } },
      'compensate.input.a:',
    ],
    [
      'what a program has, of a task',
      { compensate: { task: 'x', resources: {} } },
      'compensate.resources: "resources" is for a program',
    ],
    [
      'a maker of input that throws',
      {
        compensate: {
          task: 'x',
          inputOf: () => {
            throw new Error('oops');
          },
        },
      },
      'compensate.input: cannot be made: oops',
    ],
    [
      'an input that is no JSON',
      { compensate: { task: 'x', input: 1n } },
      'compensate.input: cannot be made',
    ],
    [
      'metadata that are no JSON',
      { metadata: { at: new Map() } },
      'metadata.at: a Map is not JSON',
    ],
    [
      'large metadata',
      { metadata: { a: 'x'.repeat(70_000) } },
      'metadata: must have at most 64 KiB',
    ],
    ['tags that are none', { tags: 'x' }, 'tags: '],
  ])('refuses %s where it is written, with the place', (_title, said, message) => {
    expect(() => defineTask({ ...pay, ...said })).toThrow(
      expect.objectContaining({
        code: 'CONFIGURATION',
        message: expect.stringContaining(`task "pay": ${message}`),
      }),
    );
  });
});

describe('TaskRegistry', () => {
  it('has what undoes its tasks, and what undoes that, once', () => {
    const last = defineTask({ name: 'last', run: () => undefined });
    const second = defineTask({ name: 'second', compensate: { task: last }, run: () => undefined });
    const first = defineTask({ name: 'first', compensate: second, run: () => undefined });
    const self = defineTask({ name: 'self', compensate: 'self', run: () => undefined });
    expect(new TaskRegistry([first, first.compensate as AnyTask, self]).names.sort()).toEqual([
      ...['first', 'last', 'second', 'self'],
    ]);
    const mock = { ...last, version: 'mock' };
    const all = withUndoTasks([first, mock]);
    expect(all.map(({ name, version }) => [name, version])).toEqual([
      ['first', undefined],
      ['last', 'mock'],
      ['second', undefined],
    ]);
  });

  it('says for a plan what it knows of tasks that undo by a definition, or by the defaults of a graph', () => {
    const far = defineTask({ name: 'far', timeout: '9s', run: () => undefined });
    const registry = new TaskRegistry([defineTask({ ...pay, compensate: refund }), far]);
    const settings = { serverWaitsMs: 1, maxNodesPerRun: 1, limits: {}, circuits: {} };
    const spec = {
      ...{ name: 'g', defaults: { compensate: { task: 'far' } } },
      tasks: [{ id: 'a', task: 'pay' }],
    };
    const { tasks } = planFacts(registry, spec, settings, () => undefined);
    expect(Object.keys(tasks).sort()).toEqual(['far', 'pay', 'refund']);
    expect(JSON.parse(JSON.stringify(tasks['pay']))).toMatchObject({
      options: { compensate: { task: 'refund' } },
    });
  });
});

describe('GraphBuilder', () => {
  it('takes what undoes by default as a node does, and has its definition', () => {
    const graph = defineGraph('g', {
      version: '2',
      defaults: {
        compensate: { task: refund, inputOf: (_input, output) => ({ all: output }) },
        tags: ['x'],
      },
    });
    graph.add('a', pay as never, { compensate: false });
    const spec = graph.toSpec();
    expect(spec).toMatchObject({
      defaults: { compensate: { task: 'refund', input: { all: '${{ output }}' } }, tags: ['x'] },
      tasks: [{ compensate: false }],
    });
    expect(graph.tasks.map(({ name }) => name)).toContain('refund');
    expect(GraphBuilder.from(spec).toSpec()).toEqual(spec);
    expect(Object.keys(inOrder(spec))).toEqual(['name', 'version', 'defaults', 'tasks']);
  });
});

describe('readPipelineFile', () => {
  it('reads the file of a program that undoes by default', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-defaults-'));
    writeFileSync(join(folder, 'undo.py'), 'print(1)');
    const compensate = { process: { runtime: 'python', file: 'undo.py' } };
    const graph = { name: 'g', defaults: { compensate }, tasks: [{ id: 'a', task: 'noop' }] };
    const path = join(folder, 'g.json');
    writeFileSync(path, JSON.stringify(graph));
    expect(readPipelineFile(path)).toMatchObject({
      faults: [],
      spec: { defaults: { compensate: { process: { runtime: 'python', code: 'print(1)' } } } },
    });
    const missing = { ...compensate.process, file: 'none.py' };
    writeFileSync(
      path,
      JSON.stringify({ ...graph, defaults: { compensate: { process: missing } } }),
    );
    expect(readPipelineFile(path).faults.map(({ path: at }) => at)).toEqual([
      'defaults.compensate.process.file',
    ]);
  });
});
