/** Schemas of tasks that are none, that throw and that have to wait: nothing that names such a task waits for ever. */
import { jest } from '@jest/globals';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import type { Deps } from '../../src/activities/deps.js';
import { planHere } from '../../src/activities/prepare.js';
import { resolveSettings } from '../../src/config.js';
import { defineTask } from '../../src/index.js';
import { TaskRegistry } from '../../src/registry.js';
import { createLogger } from '../../src/telemetry.js';
import { startHarness, type Harness } from '../support/engine.js';

const run = (): null => null;

describe('a definition', () => {
  it.each([
    ['a JSON Schema', { type: 'object' }, /z\.fromJSONSchema makes one/],
    ['a schema of zod 3', z3.string(), /it looks like one of zod 3/],
    ['a text', 'string', /got "string"/],
    ['null', null, /got null/],
  ])('is refused whose input or output is %s', (_what, schema, expected) => {
    for (const field of ['input', 'output']) {
      const words = `^task "price": ${field}: expected a schema of zod 4 .*${expected.source}`;
      expect(() => defineTask({ name: 'price', run, [field]: schema as never })).toThrow(
        new RegExp(words),
      );
    }
  });

  it('is refused the same way where a worker gets it without defineTask', () => {
    const task = { name: 'price', input: {}, run } as never;
    expect(() => new TaskRegistry([task])).toThrow(/expected a schema of zod 4/);
  });
});

describe('an execution that names a task', () => {
  let harness: Harness;
  const throwing = z.string().refine(() => {
    throw new TypeError('no rates');
  });
  const waiting = z
    .string()
    .refine((text) => Promise.resolve(text === 'good'), { error: 'is not good' });
  const twice = z.object({
    text: z.string().meta({ id: 'same' }),
    number: z.number().meta({ id: 'same' }),
  });

  beforeAll(async () => {
    harness = await startHarness({
      tasks: [
        defineTask({ name: 'throws', input: throwing, run }),
        defineTask({ name: 'waits', input: waiting, run: (text) => text }),
        defineTask({ name: 'twice', input: twice, run: ({ number }) => number }),
      ],
    });
  });
  afterAll(() => harness.stop());

  const end = async (task: string, input: unknown) => {
    const handle = await harness.engine.scheduleTask({
      ...{ task, input },
      retry: { strategy: 'NONE' },
    });
    return await handle.result();
  };

  it('whose schema throws ends REJECTED, and says what it threw', async () => {
    await expect(end('throws', 'x')).resolves.toMatchObject({
      status: 'REJECTED',
      error: { message: expect.stringContaining("the task's schema threw no rates") as unknown },
    });
  });

  it('whose schema has to wait for something is checked by its attempt', async () => {
    await expect(end('waits', 'good')).resolves.toMatchObject({
      ...{ status: 'COMPLETED', output: 'good' },
    });
    await expect(end('waits', 'bad')).resolves.toMatchObject({
      error: { code: 'INPUT_INVALID', message: expect.stringContaining('is not good') as unknown },
    });
  });

  it('whose schema has no JSON Schema runs all the same', async () => {
    await expect(end('twice', { text: 'a', number: 7 })).resolves.toMatchObject({ output: 7 });
    await expect(end('twice', { text: 'a' })).resolves.toMatchObject({
      ...{ status: 'REJECTED', error: { message: expect.stringContaining('number') as unknown } },
    });
  });
});

describe('a plan that throws', () => {
  const depsOf = (error: Error, lines: string[]): Deps => {
    const write = (line: string): void => void lines.push(line);
    const registry = new TaskRegistry([]);
    jest.spyOn(registry, 'get').mockImplementation(() => {
      throw error;
    });
    jest.spyOn(registry, 'names', 'get').mockReturnValue(['price']);
    return {
      ...{ registry, log: createLogger('info', { write }), settings: resolveSettings({}) },
      runners: { programKinds: [] },
    } as unknown as Deps;
  };
  const spec = { name: 'shop', tasks: [{ id: 'a', task: 'price', input: {} }] };

  it('is a fault with what it threw, and the log says where', () => {
    const lines: string[] = [];
    const planned = planHere(depsOf(new TypeError('boom'), lines), spec, {});
    expect(planned).toMatchObject({
      faults: [{ code: 'ENGINE', message: 'the worker could not plan it: boom' }],
    });
    expect(lines.join()).toContain('task-schemas.test.ts');
  });

  it('is tried again where a file could not be read', () => {
    const error = Object.assign(new Error('EMFILE: too many open files'), { syscall: 'open' });
    expect(() => planHere(depsOf(error, []), spec, {})).toThrow(error);
  });
});
