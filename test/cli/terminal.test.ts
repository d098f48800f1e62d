import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCli, envOf, until } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';
import { startInTerminal, startProgramInTerminal } from '../support/terminal.js';

const ESCAPE = String.fromCodePoint(27);
/** What moves the cursor or clears: any sequence but colours. */
const MOVES = new RegExp(`${ESCAPE}\\[[\\d;?]*[A-HJKSTfhl]`);
const COLOURS = new RegExp(`${ESCAPE}\\[[\\d;]*m`);

const PIPELINE = (ms: number): string => `
name: picture
onFailure: continue
tasks:
  - { id: first-of-all, task: echo, input: 1 }
  - { id: slow-with-a-long-name-that-needs-room, task: sleep, dependsOn: [first-of-all], input: { ms: ${ms} } }
  - { id: last, task: echo, dependsOn: [slow-with-a-long-name-that-needs-room], input: done }
`;

describe('in a terminal', () => {
  let harness: Harness;
  let http: HttpScene;
  let env: Record<string, string>;
  let folder: string;

  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    http = await startHttp(harness);
    env = envOf(harness);
    folder = mkdtempSync(join(tmpdir(), 'tempograph-terminal-'));
  });
  afterAll(async () => {
    await http.stop();
    await harness.stop();
  });

  function pipeline(ms: number): string {
    const file = join(folder, `picture-${ms}.yaml`);
    writeFileSync(file, PIPELINE(ms));
    return file;
  }
  const idIn = (lines: readonly string[]): string =>
    /picture-[\w-]+/.exec(lines.join('\n'))?.[0] ?? 'no id';
  /** Ends the node that runs, once it has been seen to. */
  const letGoOn = async (lines: readonly string[]): Promise<void> => {
    const node = `${idIn(lines)}/slow-with-a-long-name-that-needs-room`;
    const asked = { reason: 'it was seen', by: 'test' };
    expect(await harness.engine.completeNode(node, null, asked)).toMatchObject({ success: true });
  };
  const withName = (lines: readonly string[], name: string): string[] =>
    lines.filter((line) => line.includes(name));

  it.each(['Temporal', 'a server'])(
    'paints a run over and over, and leaves one whole picture (%s)',
    async (through) => {
      const where = through === 'a server' ? { TEMPOGRAPH_SERVER: http.url } : env;
      const terminal = startInTerminal(['run', pipeline(600_000)], { env: where });
      await terminal.saw(/slow-with-a-long-name.*RUNNING/);
      const midway = await terminal.screen();
      expect(midway.at(-1)).toContain('Ctrl-C stops watching');
      await letGoOn(midway);
      expect(await terminal.ended).toBe(0);
      const lines = await terminal.screen();
      for (const name of ['first-of-all', 'slow-with-a-long-name', 'last']) {
        expect(withName(midway, name)).toHaveLength(1);
        const rows = withName(lines, name).filter((line) => line.includes('COMPLETED'));
        expect(rows).toHaveLength(1);
      }
      expect(lines.join('\n')).not.toMatch(/RUNNING|PENDING|Ctrl-C/);
      expect(lines.join('\n')).toMatch(/✔ completed {2}picture-/);
      expect(terminal.raw).toMatch(MOVES);
      expect(terminal.raw).toMatch(COLOURS);
      const cursor = [...terminal.raw.matchAll(/\[\?25([hl])/g)].at(-1);
      expect(cursor?.[1]).toBe('h'); // it is shown again
    },
  );

  it.each(['run', 'watch'])(
    'stops watching at Ctrl-C, and the execution goes on (%s)',
    async (command) => {
      let args = ['run', pipeline(60_000)];
      if (command === 'watch') {
        const graph = {
          name: 'picture',
          tasks: [{ id: 'slow-with-a-long-name', task: 'sleep', input: { ms: 60_000 } }],
        };
        args = ['watch', (await harness.engine.scheduleTaskGraph(graph)).executionId];
      }
      const terminal = startInTerminal(args, { env });
      await terminal.saw(/slow-with-a-long-name.*RUNNING/);
      terminal.type('\x03');
      expect(await terminal.ended).toBe(130);
      const lines = await terminal.screen();
      const id = idIn(lines);
      expect(lines.join('\n')).toContain(`Stopped watching; ${id} goes on`);
      expect(lines.join('\n')).toContain(`tempograph cancel ${id}`);
      expect(withName(lines, 'slow-with-a-long-name')).toHaveLength(1);
      expect((await harness.engine.getExecution(id)).status).toBe('RUNNING');
      await harness.engine.cancelExecution(id);
    },
  );

  it('breaks no line when the terminal becomes 40 columns wide', async () => {
    const terminal = startInTerminal(['run', pipeline(600_000)], { env });
    await terminal.saw(/slow-with-a-long-name.*RUNNING/);
    const before = await terminal.screen();
    await terminal.resize(40, 30);
    await terminal.saw(/Ctrl-C stops/);
    await letGoOn(before);
    expect(await terminal.ended).toBe(0);
    const lines = await terminal.screen();
    const picture = lines.slice(lines.findLastIndex((line) => line.includes('first-of-all')));
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(40);
    expect(picture[0]).toContain('COMPLETED');
    expect(picture[1]).toMatch(/slow-with.*COMPLETED/);
    expect(picture[2]).toMatch(/last.*COMPLETED/);
    expect(withName(lines, 'RUNNING')).toEqual([]);
  });

  it('leaves nothing of a picture behind when it has not heard yet that the terminal is narrower', async () => {
    const [busy, go, end] = [join(folder, 'busy'), join(folder, 'go'), join(folder, 'end')];
    const program = join(__dirname, 'programs', 'picture.mjs');
    const terminal = startProgramInTerminal([program, busy, go, end]);
    await terminal.saw(/Ctrl-C stops/);
    await until('it is busy', () => existsSync(busy));
    await terminal.resize(40, 30); // the signal and the picture's turn are both due when it is busy no longer
    const painted = terminal.raw.length;
    writeFileSync(go, '');
    await terminal.saw(/Ctrl-C stops.*…/);
    writeFileSync(end, '');
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw.length).toBeGreaterThan(painted);
    const lines = await terminal.screen();
    for (const name of ['busy', 'first-', 'second-', 'third-'])
      expect(withName(lines, name)).toHaveLength(1);
    expect(lines).toHaveLength(4);
  });

  it('paints a table no wider than the terminal', async () => {
    const graph = { name: 'wide', tasks: [{ id: 'a', task: 'noop' }] };
    const executionId = `wide-${'x'.repeat(60)}-${Date.now()}`;
    await (await harness.engine.scheduleTaskGraph(graph, { executionId })).result();
    const terminal = startInTerminal(['list', '--task', 'wide'], { env, columns: 60 });
    expect(await terminal.ended).toBe(0);
    const lines = await terminal.screen();
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^wide-x+.*…/);
  });

  it('has no colour with NO_COLOR, and paints all the same', async () => {
    const terminal = startInTerminal(['run', pipeline(700)], { env: { ...env, NO_COLOR: '1' } });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw).not.toMatch(COLOURS);
    expect(terminal.raw).toMatch(MOVES);
  });

  it('writes line after line to a dumb terminal, with neither colour nor movement', async () => {
    const terminal = startInTerminal(['run', pipeline(700)], { env: { ...env, TERM: 'dumb' } });
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw).not.toContain(ESCAPE);
    const lines = await terminal.screen();
    expect(
      withName(lines, 'slow-with-a-long-name').map((line) => /[A-Z]{4,}/.exec(line)?.[0]),
    ).toEqual(expect.arrayContaining(['RUNNING', 'COMPLETED']));
  });
});
