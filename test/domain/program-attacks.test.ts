import { createContext, Script } from 'node:vm';
import { FaasSchema, ProcessSchema, SecuritySchema } from '../../src/domain/program.js';
import { makePlan } from '../../src/domain/make-plan.js';
import { validateGraph } from '../../src/domain/validate.js';
import { idFaults } from '../../src/client/submission.js';
import { runtimeCommand } from '../../src/runners/program-runtimes.js';

const withFile = (name: string) =>
  ProcessSchema.safeParse({ command: ['true'], files: { [name]: '' } }).success;

/** A dot of a regular expression stops at these: what stands behind them was not looked at. */
it.each(['\r', '\u2028', '\u2029', '\n', ''])('no file climbs, also behind %j', (before) => {
  expect(withFile(`${before}a/../../x`)).toBe(false);
  expect(withFile(`${before}a/..`)).toBe(false);
});

it('takes a file in folders, and one with dots in its name', () => {
  expect([withFile('a/b/c.txt'), withFile('a..b/.c'), withFile('...')]).toEqual([true, true, true]);
});

it.each(['../../../etc/shadow', 'a/b', '', 'a\0b', '.'])('%j is no name of a secret', (name) => {
  const permissions = [`secret:${name}`];
  expect(SecuritySchema.safeParse({ permissions }).success).toBe(false);
  const faas = { url: 'https://example.com', secretHeaders: { a: name } };
  expect(FaasSchema.safeParse(faas).success).toBe(false);
});

it('an execution id holds no NUL: it becomes a variable of programs', () => {
  expect(idFaults('a\0--bind')).toHaveLength(1);
});

it('a node that adds a permission or one resource keeps the rest of the defaults', () => {
  const node = {
    ...{ id: 'a', process: { command: ['true'], secrets: ['S'] } },
    ...{ security: { permissions: ['secret:S'] }, resources: { cpu: 1 } },
  };
  const defaults = { security: { level: 'HIGH' }, resources: { memory: '32Mi', processes: 4 } };
  const { valid } = validateGraph({ name: 'g', defaults, tasks: [node] }, {});
  const none = { task: () => undefined, postHooks: false, postHooksOnSkipped: false };
  const [one] = makePlan(valid as NonNullable<typeof valid>, none).classes;
  expect(one?.run).toMatchObject({
    ...{ level: 'HIGH', permissions: ['secret:S'] },
    limits: { cpu: 1, memoryBytes: 32 * 2 ** 20, processes: 4 },
  });
});

it.each(['public ', '/* ', 'public final '])('a Java text of %j alone holds nobody up', (part) => {
  const code = part.repeat(Math.floor(1_000_000 / part.length));
  const run = (): unknown =>
    runtimeCommand('java', {
      path: '/usr/bin/java',
      code,
      args: [],
      memoryBytes: 1e8,
      network: [],
    });
  // A guard, no measure: where the time grows with the square of the text, this would go on for minutes.
  new Script('run()').runInContext(createContext({ run }), { timeout: 30_000 });
});
