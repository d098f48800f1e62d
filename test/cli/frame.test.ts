import stringWidth from 'string-width';
import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import { renderFrame, renderNodes, type FrameOptions } from '../../src/cli/frame.js';
import { GraphView } from '../../src/cli/graph-view.js';
import { transitionLine } from '../../src/cli/views.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import { STATUSES } from '../../src/domain/status.js';
import type { NodeView } from '../../src/workflows/messages.js';

const NOW = Date.parse('2027-01-31T08:00:10Z');
const STARTED = '2027-01-31T08:00:00Z';

const node = (id: string, overrides: Partial<NodeView> = {}): NodeView => ({
  id,
  task: 'work',
  status: 'PENDING',
  attempts: 0,
  maxRetries: 3,
  ...overrides,
});

function viewOf(spec: GraphSpec, changed: NodeView[] = []): GraphView {
  const view = new GraphView('nightly-1', spec.name, spec, NOW);
  view.apply({
    status: 'RUNNING',
    counts: {},
    total: spec.tasks.length,
    startedAt: STARTED,
    changed,
  });
  return view;
}

const frame = (view: GraphView, options: Partial<FrameOptions> = {}): string[] =>
  renderFrame(view, {
    width: 100,
    height: 40,
    now: NOW,
    style: pc.createColors(false),
    ...options,
  });

const diamond: GraphSpec = {
  name: 'diamond',
  tasks: [
    { id: 'top', task: 'work' },
    { id: 'left', task: 'work', dependsOn: ['top'] },
    { id: 'right', task: 'work', dependsOn: ['top'] },
    { id: 'join', task: 'work', dependsOn: ['left', 'right'] },
    { id: 'alone', task: 'work' },
  ],
};

const wide = (count: number): GraphSpec => ({
  name: 'wide',
  tasks: Array.from({ length: count }, (_, n) => ({ id: `n${n}`, task: 'work' })),
});

describe('renderFrame', () => {
  it('draws the graph as a tree, each node under its deepest dependency', () => {
    expect(frame(viewOf(diamond)).map((line) => line.trimEnd())).toEqual([
      '● diamond  RUNNING  10 s  5 pending',
      '├─ · top         PENDING',
      '│  ├─ · left     PENDING            waits for its dependency',
      '│  └─ · right    PENDING            waits for its dependency',
      '│     └─ · join  PENDING            waits for 2 of 2',
      '└─ · alone       PENDING',
    ]);
  });

  it('tells how far a running node says it is, and no more once it has ended', () => {
    const progress = { done: 3, total: 12, message: 'rows' };
    const running = node('alone', { status: 'RUNNING', attempts: 2, startedAt: STARTED, progress });
    const view = viewOf(diamond, [running]);
    expect(frame(view).at(-1)).toMatch(/alone +RUNNING +10 s +attempt 2\/4 · 3 of 12, rows$/);
    const further = { ...running, progress: { done: 0.5, total: 1 } };
    // No transition, and yet the picture has it.
    const changed = [further];
    expect(
      view.apply({ status: 'RUNNING', counts: {}, total: 5, startedAt: STARTED, changed }),
    ).toEqual([]);
    expect(frame(view).at(-1)).toMatch(/attempt 2\/4 · 50 %$/);
    const ended = viewOf(diamond, [{ ...running, status: 'COMPLETED', durationMs: 9_000 }]);
    expect(frame(ended).at(-1)).not.toMatch(/rows/);
  });

  it('tells attempts, the next retry and the error of a node that is tried again', () => {
    const retrying = node('top', {
      status: 'RETRYING',
      attempts: 2,
      nextRetryAt: '2027-01-31T08:00:14Z',
      error: {
        code: 'ECONNRESET',
        message: 'socket\nhang up',
        origin: 'task',
        retriable: true,
      },
    });
    expect(frame(viewOf(diamond, [retrying]))[1]).toContain(
      'RETRYING            attempt 2/4 failed · next in 4 s · ECONNRESET: socket hang up',
    );
  });

  it('counts the time of a running node up to now, and its attempt from the second', () => {
    const running = { status: 'RUNNING', startedAt: '2027-01-31T08:00:07Z' } as const;
    const rows = frame(
      viewOf(diamond, [
        node('top', { ...running, attempts: 1 }),
        node('alone', { ...running, attempts: 2 }),
      ]),
    );
    expect(rows[1]).toMatch(/● top +RUNNING +3 s$/);
    expect(rows[5]).toMatch(/● alone +RUNNING +3 s +attempt 2\/4$/);
  });

  it('turns the sign of what is at work, and of nothing else', () => {
    const view = viewOf(diamond, [
      node('top', { status: 'RUNNING' }),
      node('alone', { status: 'COMPLETED' }),
    ]);
    const [first, second] = [frame(view, { turn: 1 }), frame(view, { turn: 2 })];
    expect(first[1]).not.toBe(second[1]);
    expect(first.slice(2)).toEqual(second.slice(2));
  });

  it('shows what is at work and what failed when not all fits, and says what is hidden', () => {
    const view = viewOf(wide(30), [
      node('n3', { status: 'COMPLETED' }),
      node('n20', { status: 'RUNNING' }),
      node('n25', { status: 'FAILED' }),
    ]);
    const lines = frame(view, { height: 5 });
    expect(lines.map((line) => /n\d+/.exec(line)?.[0])).toEqual([
      undefined,
      'n3',
      'n20',
      'n25',
      undefined,
    ]);
    expect(lines.at(-1)).toBe('… 27 more not shown: 27 pending');
  });

  it('shows every node when they fit to the line', () => {
    expect(frame(viewOf(wide(4)), { height: 5 })).toHaveLength(5);
    expect(frame(viewOf(wide(4)), { height: 5 }).join('\n')).not.toContain('more');
  });

  it('hangs a node from its nearest shown ancestor when those between are hidden', () => {
    const chain: GraphSpec = {
      name: 'chain',
      tasks: ['a', 'b', 'c', 'd', 'e'].map((id, n, all) => ({
        id,
        task: 'work',
        dependsOn: n === 0 ? [] : [all[n - 1] as string],
      })),
    };
    const view = viewOf(chain, [node('a', { status: 'FAILED' }), node('e', { status: 'RUNNING' })]);
    const lines = frame(view, { height: 4 });
    expect(lines[1]).toContain('└─ ✘ a');
    expect(lines[2]).toContain('   └─ ● e');
  });

  it('says in the last line that nobody works', () => {
    expect(frame(viewOf(diamond), { notice: 'no worker' }).at(-1)).toBe('no worker');
  });

  it.each([
    [200, 50],
    [80, 24],
    [40, 8],
    [20, 5],
    [10, 3],
    [5, 2],
    [1, 1],
  ])('is never wider or higher than %i × %i', (width, height) => {
    const view = viewOf(
      wide(60),
      STATUSES.map((status, n) =>
        node(`n${n}`, {
          status,
          attempts: 2,
          error: {
            code: 'E',
            message: '長い日本語のメッセージ 👩‍👩‍👧‍👦 \u001b[31mred\u001b[0m\ttab '.repeat(5),
            origin: 'task',
            retriable: true,
          },
        }),
      ),
    );
    for (const style of [pc.createColors(false), pc.createColors(true)]) {
      const lines = frame(view, {
        width,
        height,
        style,
        turn: 3,
        notice: '誰もいない '.repeat(20),
      });
      expect(lines.length).toBeLessThanOrEqual(height);
      expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
      expect(lines.join('')).not.toMatch(/[\n\r\t]/);
    }
  });

  it('says the same with colours as without', () => {
    const view = viewOf(diamond, [node('top', { status: 'FAILED', attempts: 4 })]);
    const coloured = frame(view, { style: pc.createColors(true) });
    expect(coloured.join('\n')).not.toBe(frame(view).join('\n'));
    expect(coloured.map(stripVTControlCharacters)).toEqual(frame(view));
  });

  it('draws a chain of 20,000 nodes', () => {
    const spec: GraphSpec = {
      name: 'chain',
      tasks: Array.from({ length: 20_000 }, (_, n) => ({
        id: `n${n}`,
        task: 'work',
        dependsOn: n === 0 ? [] : [`n${n - 1}`],
      })),
    };
    expect(frame(viewOf(spec), { height: 20_001 })).toHaveLength(20_001);
  });
});

describe('GraphView', () => {
  const look = (view: GraphView, ...changed: NodeView[]) =>
    view.apply({ status: 'RUNNING', counts: {}, total: 5, startedAt: STARTED, changed });

  it('gives the nodes that have gone on, and no others', () => {
    const view = viewOf(diamond);
    const running = node('top', { status: 'RUNNING', attempts: 1 });
    expect(look(view, running, node('left'))).toEqual([running]);
    expect(look(view, running)).toEqual([]);
    expect(look(view, { ...running, attempts: 2 })).toHaveLength(1);
  });

  it('does not go back to SCHEDULED between the end of an attempt and what follows', () => {
    const view = viewOf(diamond);
    look(view, node('top', { status: 'RUNNING', attempts: 1 }));
    expect(look(view, node('top', { status: 'SCHEDULED', reason: 'queue' }))).toEqual([]);
    expect(view.nodes.get('top')?.status).toBe('RUNNING');
  });
});

describe('transitionLine', () => {
  it('has the time, the node, its status and what is worth knowing, without colour', () => {
    const line = transitionLine(
      node('fetch', { status: 'COMPLETED', attempts: 2, durationMs: 1_234 }),
      NOW,
      8,
    );
    expect(line).toMatch(/^\d\d:\d\d:\d\dZ {2}fetch {5}COMPLETED {2}1\.2 s · 2 attempts$/);
  });

  it('has the time of the end of what ended before it was looked at', () => {
    const endedAt = new Date(NOW - 3_600_000).toISOString();
    const line = transitionLine(node('fetch', { status: 'COMPLETED', endedAt }), NOW);
    expect(line).toMatch(new RegExp(`^${endedAt.slice(11, 19)}Z {2}fetch`));
  });

  it('is one line without escape codes, whatever the error says', () => {
    const error = {
      code: 'E',
      message: 'a\nb\u001b[31mc\r\td',
      origin: 'task',
      retriable: false,
    } as const;
    const line = transitionLine(node('x', { status: 'FAILED', error }), NOW);
    expect(line).toContain('E: a bc d');
  });
});

describe('renderNodes', () => {
  const look = { width: 100, now: NOW, style: pc.createColors(false) };
  const ended = (from: number, to: number): NodeView[] =>
    Array.from({ length: to - from }, (_, n) => node(`n${from + n}`, { status: 'COMPLETED' }));

  it('has all of 200 nodes', () => {
    expect(renderNodes(viewOf(wide(200), ended(0, 200)), look)).toHaveLength(200);
  });

  it('has of more those that are not completed or skipped, and how many others there are', () => {
    const view = viewOf(wide(3_000), [
      ...ended(0, 2_990),
      node('n2990', { status: 'SKIPPED' }),
      node('n2995', { status: 'FAILED' }),
      node('n2996', { status: 'RUNNING' }),
    ]);
    const lines = renderNodes(view, look);
    expect(lines).toHaveLength(10);
    expect(lines.join('\n')).toMatch(/n2995 {2}FAILED[^]*n2996 {2}RUNNING/);
    expect(lines.at(-1)).toBe('… 2991 more not shown: 2990 completed, 1 skipped; --all shows them');
  });

  it('has no more than 100, those at work and the failed ones among them', () => {
    const view = viewOf(wide(3_000), [node('n2999', { status: 'FAILED' })]);
    const lines = renderNodes(view, look);
    expect(lines).toHaveLength(101);
    expect(lines.at(-2)).toContain('n2999  FAILED');
    expect(lines.at(-1)).toBe('… 2900 more not shown: 2900 pending; --all shows them');
  });

  it('has all that are asked for', () => {
    expect(renderNodes(viewOf(wide(3_000)), { ...look, all: true })).toHaveLength(3_000);
  });
});
