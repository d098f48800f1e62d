import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildCli, documentOf, envOf, runCli, until } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp } from '../support/http.js';
import { ScheduleKit } from '../support/schedules.js';

describe('tempograph schedule', () => {
  let harness: Harness;
  let kit: ScheduleKit;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    kit = new ScheduleKit(harness);
  });
  afterAll(async () => {
    await kit.clear();
    await harness.stop();
  });

  const cli = async (...args: string[]) =>
    await runCli(['schedule', ...args], { env: envOf(harness) });

  const pipeline = (params = '{ day: { type: string } }'): string => {
    const file = join(harness.dataDir, 'daily.yaml');
    const lines = [
      'name: daily',
      `params: ${params}`,
      "tasks: [{ id: a, task: echo, input: '${{ params.day }}' }]",
    ];
    writeFileSync(file, lines.join('\n'));
    return file;
  };

  it('creates, triggers, shows, pauses, resumes, lists and deletes', async () => {
    const id = kit.newId();
    const made = await cli(
      ...['create', id, pipeline(), '-p', 'day=Monday', '--cron', '0 2 * * MON-FRI'],
      ...['--every', '6h/15m', '--calendar', '{"hour": 9}', '--at', '2099-01-01T00:00'],
      ...['--timezone', 'Europe/Zurich', '--overlap', 'buffer-one', '--catchup-window', '1h'],
      ...['--limit', '5', '--note', 'by hand', '--project', harness.taskQueue],
    );
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(`● ACTIVE  ${id}`);
    expect(made.stdout).toContain(
      'cron 0 2 * * MON-FRI · every 6 h, shifted by 15 min · calendar hour 9 · at 2099-01-01T00:00 (Europe/Zurich)',
    );
    expect(made.stdout).not.toContain('\u001b');

    const started = await cli('trigger', id, '--json');
    const { outcome, executionId } = documentOf<{ outcome: string; executionId: string }>(started);
    expect({ code: started.code, outcome }).toEqual({ code: 0, outcome: 'started' });
    const { status, output } = await harness.engine.handle(executionId).result();
    expect({ status, output }).toEqual({ status: 'COMPLETED', output: { a: 'Monday' } });

    const shown = documentOf(await cli('show', id, '--json'));
    expect(shown).toMatchObject({
      id,
      kind: 'graph',
      taskId: 'daily',
      overlap: 'bufferOne',
      catchupWindowMs: 3_600_000,
      limitedActions: 5,
      note: 'by hand',
      counts: { started: 1 },
      recent: [{ executionId, status: 'COMPLETED' }],
    });
    const text = (await cli('show', id)).stdout;
    expect(text).toMatch(new RegExp(`✔ COMPLETED {2}${executionId}`));
    expect(text).toMatch(/^ {2}params +day="Monday"$/m);

    expect(documentOf(await cli('pause', id, '--note', 'holiday', '--json'))).toEqual({
      id,
      paused: true,
      note: 'holiday',
    });
    expect((await cli('show', id)).stdout).toMatch(/‖ PAUSED .*\n[^]*note +holiday/);
    expect(await cli('resume', id)).toMatchObject({ code: 0, stdout: `${id} resumed\n` });

    const list = async (...more: string[]) =>
      await cli('list', '--project', harness.taskQueue, ...more);
    await until('it is listed', async () => (await list()).stdout.includes(id));
    const [head = '', line = ''] = (await list()).stdout.split('\n');
    expect(head.indexOf('STATE')).toBe(line.indexOf('● ACTIVE'));
    expect(head.indexOf('NAME')).toBe(line.indexOf('daily'));
    const { schedules } = documentOf<{ schedules: { id: string }[] }>(await list('--json'));
    expect(schedules.map((one) => one.id)).toEqual([id]);

    expect(documentOf(await cli('delete', id, '--json'))).toEqual({ id, deleted: true });
    const gone = await cli('show', id);
    expect(gone.code).toBe(2);
    expect(gone.stderr).toContain(`there is no schedule "${id}"`);
  });

  it('backfills a span', async () => {
    const id = kit.newId();
    await cli('create', id, 'echo', '-i', '"x"', '--cron', '0 0 * * *', '--paused');
    const span = ['--from', '2026-03-01T00:00:00Z', '--to', '2026-03-02T00:00:00Z'];
    expect((await cli('backfill', id, ...span, '--dry-run')).stdout).toMatch(
      /: 2 starts, .*; none was begun$/m,
    );
    const { code, stdout } = await cli('backfill', id, ...span);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${id}: 2 starts`) as string,
    });
    await until('both ran', async () => (await kit.get(id)).counts.started === 2);
    const handle = await harness.engine.open(`${id}-2026-03-02T00:00:00Z`);
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED', output: 'x' });
  });

  it('says on which day of a year the clocks leap over its time', async () => {
    const times = ['--cron', '30 2 * * *', '--timezone', 'Europe/Zurich', '--paused'];
    const { stdout } = await cli('create', kit.newId(), 'echo', ...times);
    expect(stdout).toMatch(
      /^ +left out +\d{4}-03-\d\d 02:30: the clocks of Europe\/Zurich are put/m,
    );
    expect((await cli('create', kit.newId(), 'echo', '--cron', '30 2 * * *')).stdout).not.toContain(
      'left out',
    );
  });

  it('says of an expression for a parameter that nobody would evaluate it, whatever else the parameter takes', async () => {
    const file = pipeline(
      '{ day: { type: string, format: date }, n: { type: integer, default: 1 } }',
    );
    const day = 'day=${{ execution.scheduledTime }}';
    const { code, stderr } = await cli(
      ...['create', kit.newId(), file, '--cron', '0 2 * * *', '-p', day],
    );
    expect(code).toBe(2);
    expect(stderr).toContain(
      'params.day: expressions are not evaluated here, and every execution would get the text',
    );
    expect(stderr).toContain('daily.yaml refused, 1 fault:');
  });

  it('update changes what is said, and all that is not said stays', async () => {
    const id = kit.newId();
    const file = pipeline('{ day: { type: string }, rows: { type: integer, default: 1 } }');
    await cli(
      ...['create', id, file, '-p', 'day=Monday', '-p', 'rows=5', '--project', 'shop'],
      ...['--cron', '0 2 * * *', '--limit', '5', '--overlap', 'buffer-one', '--note', 'old'],
    );
    const moved = await cli('update', id, '--every', '6h', '-p', 'day=Friday', '--limit', 'none');
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(moved.stdout).toMatch(new RegExp(`^● ACTIVE {2}${id}\n[^]* when +every 6 h\n`));
    expect(await kit.get(id)).toMatchObject({
      ...{ when: ['every 6 h'], overlap: 'bufferOne', limitedActions: null, note: 'old' },
      ...{ project: 'shop', taskId: 'daily', executionIdPrefix: id },
      submission: { params: { day: 'Friday', rows: 5 } },
    });

    pipeline("{ day: { type: string }, at: { type: string, default: '9' } }");
    const edited = await cli('update', id, file, '--priority', 'high', '--json');
    expect(edited).toMatchObject({ code: 0, stderr: '' });
    expect(documentOf(edited)).toMatchObject({
      ...{ id, project: 'shop', when: ['every 6 h'], taskId: 'daily' },
      submission: { params: { day: 'Friday' }, options: { priority: 'HIGH' } },
    });
    const { output } = await harness.engine.handle(await kit.triggered(id)).result();
    expect(output).toEqual({ a: 'Friday' });

    const task = documentOf(await cli('update', id, 'echo', '-i', '"tick"', '--json'));
    expect(task).toMatchObject({ kind: 'task', taskId: 'echo', project: 'shop' });
    expect((await cli('update', id, '-i', '"tock"', '--paused')).stdout).toContain('PAUSED');
    const handle = await harness.engine.open(await kit.triggered(id));
    expect((await handle.result()).output).toBe('tock');
  });

  it('update through a server gives what it gives at Temporal', async () => {
    const { id } = await kit.create({ pauseOnFailure: true, endAt: '2099-01-01T00:00:00Z' });
    const http = await startHttp(harness);
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPOGRAPH_SERVER: http.url };
    const result = await runCli(
      ['schedule', 'update', id, pipeline(), '-p', 'day=Monday', '--cron', '0 3 * * *'].concat(
        '--no-pause-on-failure',
        '--end-at',
        'none',
        '--json',
      ),
      { env },
    );
    await http.stop();
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(documentOf(result)).toMatchObject({
      ...{ id, kind: 'graph', taskId: 'daily', when: ['cron 0 3 * * *'], pauseOnFailure: false },
      submission: { params: { day: 'Monday' } },
    });
    expect((await kit.get(id)).times).not.toHaveProperty('endAt');
  });

  it('update refuses what the kind of work does not take, and changes nothing', async () => {
    const { id } = await kit.create();
    const ofTask = await cli('update', id, '-p', 'day=1', '--every', '1h');
    expect(ofTask.stderr).toContain('--param is for a pipeline; the task echo takes --input');
    const broken = await cli('update', id, pipeline('{ day: { type: integer } }'), '-p', 'day=x');
    expect(broken.stderr).toMatch(/daily\.yaml:.* params\.day/);
    expect([ofTask.code, broken.code]).toEqual([2, 2]);
    expect(await kit.get(id)).toMatchObject({ kind: 'task', when: ['cron 0 0 1 1 *'] });
  });

  it('ends with 1 when a trigger is skipped', async () => {
    const id = kit.newId();
    await cli('create', id, 'sleep', '-i', '{"ms": 3600000}', '--every', '24h');
    const running = await kit.triggered(id);
    const { code, stdout, stderr } = await cli('trigger', id);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`nothing started: an execution of ${id} runs`);
    await harness.engine.cancelExecution(running);
  });

  it.each([
    [[], 'schedule: expected one of create, update, list, show'],
    [['lst'], 'Did you mean list?'],
    [['create', 'x'], "missing required argument 'file|task'; see tempograph schedule create"],
    [['create', 'x', 'echo', '--cron', '0 24 * * *'], '--cron: hour: expected a value'],
    [
      ['create', 'x', 'echo', '--every', '1h', '--end-at', '2020-01-01T00:00:00Z'],
      '--end-at: expected a time to come, after --start-at, got "2020-01-01T00:00:00Z"',
    ],
    [
      ['create', 'x', 'echo', '--calendar', '{"hour": 24}', '--catchup-window', '1s'],
      '--calendar: hour: expected a value',
    ],
    [
      ['create', 'x', 'echo', '--every', '1h', '--catchup-window', '1s'],
      '--catchup-window: expected at least "10s"',
    ],
    [
      ['create', 'x', 'echo', '--every', '1h', '-i', '["${{ execution.scheduledTime }}"]'],
      '--input: [0]: expressions are not evaluated here',
    ],
    [['create', 'x', 'echo'], '\n  says no times: give --cron, --every, --calendar or --at'],
    [['create', 'x', 'echo', '--every', '1h/5m/3'], '--every: expected an interval such as 6h'],
    [['create', 'x', 'echo', '--calendar', '9am'], '--calendar: expected JSON such as'],
    [['create', 'x', 'echo', '--overlap', 'skpi'], '--overlap: expected one of skip, buffer-one'],
    [['create', 'x', 'echo', '-p', 'a=b', '--every', '1h'], '--param is for a pipeline'],
    [['create', 'x', 'nowhere.yaml', '--every', '1h'], 'nowhere.yaml: there is no such file'],
    [['update', 'x'], 'nothing to change of "x": give a file or a task to run, or options such'],
    [['update', 'x', '--limit', 'no'], '--limit: expected a whole number from 1 to 1000000000'],
    [['update', 'no-such-schedule', '--every', '1h'], 'there is no schedule "no-such-schedule"'],
    [['backfill', 'x', '--to', '2026-03-02T00:00:00Z'], "required option '--from <time>'"],
    [['pause', 'no-such-schedule'], 'there is no schedule "no-such-schedule"'],
  ])('ends %j with exit code 2 and says why', async (args, message) => {
    const { code, stdout, stderr } = await cli(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it('list says that there are more than its limit lets it show, also through a server', async () => {
    const project = `${harness.taskQueue}-many`;
    const made = [await kit.create({ project }), await kit.create({ project })];
    const [first = '', second = ''] = made.map(({ id }) => id).sort();
    const list = async (...more: string[]) => await cli('list', '--project', project, ...more);
    await until('both are listed', async () => (await list()).stdout.includes(second));
    expect(await list('-n', '2')).toMatchObject({ code: 0, stderr: '' });
    const cut = await list('-n', '1');
    expect(cut.stdout).toContain(first);
    expect(cut.stdout).not.toContain(second);
    expect(cut.stderr).toBe('more: --limit 1000\n');
    const http = await startHttp(harness);
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPOGRAPH_SERVER: http.url };
    const args = ['schedule', 'list', '--project', project, '-n', '1'];
    const through = await runCli([...args, '--json'], { env });
    await http.stop();
    expect(documentOf(through)).toMatchObject({ schedules: [{ id: first }], more: true });
  });

  it('names the option that is wrong of a backfill and an update, also through a server', async () => {
    const { id } = await kit.create();
    const span = ['--from', 'yesterday', '--to', '2026-03-02T00:00:00Z'];
    const http = await startHttp(harness);
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPOGRAPH_SERVER: http.url };
    const filled = await runCli(['schedule', 'backfill', id, ...span], { env });
    const updated = await runCli(['schedule', 'update', id, '--start-at', 'noon'], { env });
    await http.stop();
    expect([filled.code, updated.code]).toEqual([2, 2]);
    expect(filled.stderr).toContain('  --from: expected');
    expect(updated.stderr).toContain('  --start-at: expected');
  });

  it('gives the place of a fault in the file, and JSON with --json', async () => {
    const file = pipeline();
    const result = await cli('create', 'x', file, '--every', '1h', '--json');
    expect(result.code).toBe(2);
    expect(documentOf(result)).toMatchObject({ error: { code: 'SPEC_INVALID' } });
    expect(result.stderr).toContain('daily.yaml');
    expect(result.stderr).toContain('params.day');
  });

  it.each([
    [],
    ['create'],
    ['update'],
    ['list'],
    ['show'],
    ['pause'],
    ['trigger'],
    ['backfill'],
    ['delete'],
  ])('explains %s with examples', async (...args: string[]) => {
    const { code, stdout } = await cli(...args, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain(['Usage: tempograph schedule', ...args].join(' '));
    expect(stdout).toContain('--json');
    expect(stdout).toContain('Examples:');
  });
});
