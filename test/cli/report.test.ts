import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCli, documentOf, envOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('tempograph report', () => {
  let harness: Harness;
  let id: string;
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-cli-report-'));
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'reported',
      tasks: [
        { id: 'one', task: 'echo', input: '<b>' },
        { id: 'two', task: 'fail', input: { times: 9, message: '<i>' }, retry: 'NONE' },
      ],
    });
    await handle.result();
    id = handle.executionId;
  });
  afterAll(async () => {
    await harness.stop();
    rmSync(folder, { recursive: true });
  });

  const cli = async (...args: string[]) => await runCli(args, { env: envOf(harness) });

  it('prints Markdown, HTML or JSON; of a failed execution too, with exit code 0', async () => {
    const md = await cli('report', id);
    expect(md.code).toBe(0);
    expect(md.stdout).toMatch(/^# reported\n\n- Status: failed\n/);
    expect(md.stdout).toContain('| one | echo | COMPLETED | 1 | 0 |');
    const html = await cli('report', id, '--format', 'html');
    expect(html.stdout).toMatch(/^<!doctype html>[^]*&lt;i&gt;[^]*<\/html>\n$/);
    for (const flag of [['--json'], ['--format', 'json']])
      expect(JSON.parse((await cli('report', id, ...flag)).stdout)).toMatchObject({
        ...{ executionId: id, status: 'FAILED', ended: true },
        operations: [{ name: 'one' }, { name: 'two', error: { message: '<i>' } }],
      });
    const one = await cli('report', `${id}/one`, '--json');
    expect(documentOf(one)).toMatchObject({ name: 'one', status: 'COMPLETED' });
  });

  it('writes a file in the format that its name ends with, over one that is there only when forced', async () => {
    const path = join(folder, 'deep', 'report.html');
    const first = await cli('report', id, '--output', path, '--json');
    expect(documentOf(first)).toMatchObject({ executionId: id, path });
    expect(readFileSync(path, 'utf8')).toMatch(/^<!doctype html>/);
    const again = await cli('report', id, '--output', path);
    expect({ code: again.code, stderr: again.stderr }).toEqual({
      ...{ code: 2, stderr: expect.stringMatching(/is there already.*--force/) as string },
    });
    const forced = await cli('report', id, '--output', path, '--format', 'md', '--force');
    expect(forced.code).toBe(0);
    expect(readFileSync(path, 'utf8')).toMatch(/^# reported/);
  });

  it.each([
    [['nobody'], /no execution "nobody"/],
    [['x', '--format', 'pdf'], /--format: expected one of md, html, json/],
    [['x', '--json', '--format', 'html'], /leave one out/],
    [[], /missing required argument 'id'/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await cli('report', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
