/** Secrets and variables of the environment: they reach the handler, and nothing else. */
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { z } from 'zod';
import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import type { HookExecution } from '../../src/task-hooks.js';
import { startHarness, type Harness } from '../support/engine.js';
import { leaks, leaksInProcess } from './programs/secret-tasks.js';

const SECRET = 'k3y-0f-"the"-house\\';
const FROM_FILE = 'fr0m-a-file-of-its-own';
const NONE = { strategy: 'NONE' as const };
const FORMS = [SECRET, JSON.stringify(SECRET).slice(1, -1), SECRET.slice(0, 12)];

describe('secrets and env', () => {
  let harness: Harness;
  const got: unknown[] = [];
  const seen: HookExecution[] = [];
  const take = defineTask({ name: 'take', run: (input) => void got.push(input) });
  const checks = defineTask({
    name: 'checks',
    input: z.strictObject({ token: z.enum(['other']) }),
    run: () => null,
  });
  const counted = defineTask({ name: 'counted', cache: true, run: (input) => got.push(input) });
  const gives = defineTask<{ token: string }>({ name: 'gives', run: ({ token }) => ({ token }) });
  const hooked = defineTask({
    name: 'hooked',
    hooks: {
      pre: [
        {
          name: 'adds',
          run: (execution) => {
            seen.push(execution);
            return { input: { ...(execution.input as object), added: true } };
          },
        },
      ],
      post: [{ name: 'notes', run: (execution) => void seen.push(execution) }],
    },
    run: (input) => void got.push(input),
  });
  const secretsDir = mkdtempSync(join(tmpdir(), 'tempograph-secrets-'));

  beforeAll(async () => {
    process.env['TEMPOGRAPH_SECRET_HOUSE'] = SECRET;
    process.env['STAGE_OF_TEST'] = 'eu-1';
    process.env['NOT_FOR_INPUTS'] = 'x';
    writeFileSync(join(secretsDir, 'db-pass'), `${FROM_FILE}\n`);
    harness = await startHarness({
      ...{ env: ['STAGE_OF_TEST', 'UNSET_IN_TEST'], secretsDir },
      tasks: [take, checks, counted, gives, hooked, leaks, leaksInProcess],
    });
  });
  afterAll(() => harness.stop());
  beforeEach(() => {
    got.length = 0;
    seen.length = 0;
  });

  const run = async (node: Partial<GraphSpec['tasks'][number]>, more: Partial<GraphSpec> = {}) => {
    const handle = await harness.engine.scheduleTaskGraph({
      ...{ name: 'secrets', ...more },
      tasks: [{ id: 'a', retry: NONE, ...node }],
    });
    const result = await handle.result();
    return { ...result, id: handle.executionId, node: result.nodes['a'] };
  };

  /** Everything that anybody could read of an execution: history, store and large values, log, answers. */
  const readable = async (id: string, result: unknown): Promise<string> => {
    const history = await harness.client.workflow.getHandle(id).fetchHistory();
    const payloads = String(historyToJSON(history)).replace(
      /"data": *"([^"]*)"/g,
      (_all, data: string) => Buffer.from(data, 'base64').toString('utf8'),
    );
    expect(payloads).toContain('"workflowType"'); // in the clear
    const record = await harness.engine.getExecution(id);
    const node = await harness.engine.getExecution(`${id}/a`);
    const files = (readdirSync(harness.dataDir, { recursive: true }) as string[])
      .map((name) => join(harness.dataDir, name))
      .filter((file) => statSync(file).isFile())
      .map((file) => `${file}\n${readFileSync(file, 'latin1')}`);
    return [payloads, JSON.stringify([record, node, result, harness.lines]), ...files].join('\n');
  };

  it('reach the handler: a variable, a secret of the environment, a secret of a folder', async () => {
    const { status } = await run({
      task: 'take',
      input: {
        stage: '${{ env.STAGE_OF_TEST }}',
        auth: 'Bearer ${{ secrets.HOUSE }}',
        pass: '${{ secrets["db-pass"] }}',
      },
    });
    expect(status).toBe('COMPLETED');
    expect(got).toEqual([{ stage: 'eu-1', auth: `Bearer ${SECRET}`, pass: FROM_FILE }]);
  });

  it.each(['leaks', 'leaks-in-process'])(
    'stand nowhere, whatever %s says of them, fails with or retries',
    async (task) => {
      for (const does of ['fail', 'cut', 'checkpoint', 'artifact', 'give']) {
        const input = { token: '${{ secrets.HOUSE }}', does };
        const retry = { strategy: 'FIXED_DELAY' as const, delay: 1, maxRetries: 1 };
        const { id, node, ...result } = await run({ task, input, retry });
        expect([does, node?.status]).toEqual([does, does === 'give' ? 'COMPLETED' : 'FAILED']);
        if (does === 'fail')
          expect(node?.error).toMatchObject({
            ...{ code: 'E_***', message: 'refused ***', cause: { message: '***' } },
            details: { token: '***' },
          });
        if (does === 'checkpoint' || does === 'artifact')
          expect(node?.error?.message).toContain('would hold the value of the secret HOUSE');
        if (does === 'give') expect(node?.warnings).toEqual(['a warning with ***']);
        const text = await readable(id, [result, node]);
        expect(text).toContain('a warning with ***'); // it was looked for where it would be
        expect(text).toContain('progress with ***');
        for (const form of FORMS) expect(text).not.toContain(form);
      }
    },
    120_000,
  );

  it('are not shown by an input that the schema refuses', async () => {
    const input = { token: '${{ secrets.HOUSE }}' };
    const { id, node, ...result } = await run({ task: 'checks', input });
    expect(node).toMatchObject({ status: 'REJECTED', error: { code: 'INPUT_INVALID' } });
    const text = await readable(id, [result, node]);
    for (const form of FORMS) expect(text).not.toContain(form);
    expect((await harness.engine.getExecution(`${id}/a`)).status).toBe('REJECTED');
  });

  it('pass through hooks unseen, which may change the rest of the input', async () => {
    const { node } = await run({ task: 'hooked', input: { token: '${{ secrets.HOUSE }}' } });
    expect(node?.status).toBe('COMPLETED');
    expect(got).toEqual([{ token: SECRET, added: true }]);
    expect(seen).toHaveLength(2);
    expect(JSON.stringify(seen)).not.toContain('k3y');
    expect(seen[1]?.input).toEqual({ token: '${{ secrets.HOUSE }}', added: true });
  });

  it('are recorded as references, and hashed by name', async () => {
    const input = { token: '${{ secrets.HOUSE }}', stage: '${{ env.STAGE_OF_TEST }}' };
    const { id, node } = await run({ task: 'take', input });
    expect((await harness.engine.getExecution(`${id}/a`)).input).toEqual(input);
    process.env['TEMPOGRAPH_SECRET_HOUSE'] = 'another value';
    const again = await run({ task: 'take', input });
    process.env['TEMPOGRAPH_SECRET_HOUSE'] = SECRET;
    const { inputHash } = node as { inputHash?: string };
    expect((again.node as { inputHash?: string }).inputHash).toBe(inputHash);
  });

  it('do not part kept results, and variables do', async () => {
    const input = { token: '${{ secrets.HOUSE }}', stage: '${{ env.STAGE_OF_TEST }}' };
    await run({ task: 'counted', input });
    process.env['TEMPOGRAPH_SECRET_HOUSE'] = 'rotated';
    await run({ task: 'counted', input });
    expect(got).toHaveLength(1);
    process.env['STAGE_OF_TEST'] = 'us-1';
    await run({ task: 'counted', input });
    process.env['STAGE_OF_TEST'] = 'eu-1';
    process.env['TEMPOGRAPH_SECRET_HOUSE'] = SECRET;
    expect(got).toHaveLength(2);
  });

  it('are not put where a parameter only looks like a reference', async () => {
    const params = { text: { type: 'string' as const, default: '${{ secrets.HOUSE }}' } };
    await run({ task: 'take', input: { text: '${{ params.text }}' } }, { params });
    expect(got).toEqual([{ text: '${{ secrets.HOUSE }}' }]);
  });

  it('leave an output as it is, with a warning that says what it holds', async () => {
    const { node } = await run({ task: 'gives', input: { token: '${{ secrets.HOUSE }}' } });
    expect(node).toMatchObject({ status: 'COMPLETED', output: { token: SECRET } });
    expect(node?.warnings).toEqual([
      expect.stringContaining('the output holds the value of the secret HOUSE') as string,
    ]);
  });

  it.each([
    ['secrets.NOBODY', /secrets\.NOBODY: .*variable TEMPOGRAPH_SECRET_NOBODY.*nor a file/],
    ['env.NOT_FOR_INPUTS', /env\.NOT_FOR_INPUTS: .* add it to the setting env \(TEMPOGRAPH_ENV\)/],
    ['env.STAGE_OF_TES', /did you mean "STAGE_OF_TEST"\?/],
    ['env.UNSET_IN_TEST', /is not set in the environment of this worker/],
  ])('fail the node once where %s is not there, naming the setting', async (reference, says) => {
    const { node } = await run({
      ...{ task: 'take', input: `\${{ ${reference} }}` },
      retry: { strategy: 'IMMEDIATE', maxRetries: 3 },
    });
    expect(node).toMatchObject({ status: 'FAILED', attempts: 1, error: { code: 'CONFIGURATION' } });
    expect(node?.error?.message).toMatch(says);
    expect(got).toEqual([]);
  });
});

describe('the function of the setting "secrets"', () => {
  let harness: Harness;
  const asked: unknown[] = [];
  const got: unknown[] = [];
  beforeAll(async () => {
    harness = await startHarness({
      tasks: [defineTask({ name: 'take', run: (input) => void got.push(input) })],
      secrets: async (name, request) => {
        asked.push([name, request]);
        if (name === 'FLAKY' && asked.length === 1) throw new Error('the vault is sealed');
        return name === 'ODD' ? (5 as unknown as string) : request.project && `${name}-value`;
      },
    });
  });
  afterAll(() => harness.stop());
  beforeEach(() => void (asked.length = got.length = 0));
  const run = async (name: string, options: object = {}) => {
    const tasks = [
      { id: 'a', task: 'take', input: `\${{ secrets.${name} }}`, retry: { delay: 1 } },
    ];
    const handle = await harness.engine.scheduleTaskGraph({ name: 'vault', tasks }, options);
    return { ...(await handle.result()).nodes['a'], id: handle.executionId };
  };

  it('decides by who asks', async () => {
    const { status, id } = await run('KEY', { project: 'books' });
    expect(status).toBe('COMPLETED');
    expect(got).toEqual(['KEY-value']);
    const request = { task: 'take', graph: 'vault', executionId: id, nodeId: 'a' };
    expect(asked).toEqual([['KEY', { ...request, project: 'books' }]]);
    const refused = await run('KEY');
    expect(refused.error?.message).toContain('knows none of that name for task take');
  });

  it('is asked for no secret of the node whose work is undone, where its undo has none', async () => {
    const node = {
      ...{ id: 'a', task: 'take', input: { name: 'x', token: '${{ secrets.KEY }}' } },
      compensate: { task: 'take', input: '${{ input.name }}' },
    };
    const fails = { id: 'b', task: 'fail', input: { times: 9 }, retry: NONE, dependsOn: ['a'] };
    const handle = await harness.engine.scheduleTaskGraph(
      { name: 'vault', tasks: [node, fails] },
      { project: 'books' },
    );
    expect((await handle.result()).compensation).toMatchObject([{ status: 'COMPLETED' }]);
    expect(asked).toMatchObject([['KEY', { nodeId: 'a' }]]);
    expect(got).toEqual([{ name: 'x', token: 'KEY-value' }, 'x']);
  });

  it('is asked again where it fails', async () => {
    const { status, attempts } = await run('FLAKY', { project: 'books' });
    expect({ status, attempts, got }).toEqual({
      ...{ status: 'COMPLETED', attempts: 1, got: ['FLAKY-value'] }, // nothing of it had run
    });
  });

  it('is refused where it gives no text', async () => {
    expect((await run('ODD', { project: 'books' })).error?.message).toMatch(/this one is no text/);
  });
});
