import { describe, expect, it } from '@jest/globals';
import {
  Scheduler,
  type SchedulerNode,
  type SchedulerOptions,
} from '../../src/domain/scheduler.js';
import type { TerminalStatus } from '../../src/domain/status.js';
import type { TriggerRule } from '../../src/domain/trigger.js';

type Part = Partial<Omit<SchedulerNode, 'dependsOn'>> & { after?: string };
const NOW = 1_000;

/** A scheduler for nodes by name: `{ a: {}, b: { after: 'a' } }`, started at NOW. */
function setup(parts: Record<string, Part>, options: Partial<SchedulerOptions> = {}) {
  const names = Object.keys(parts);
  const nodes = Object.values(parts).map(({ after = '', ...rest }) => ({
    dependsOn: after
      .split(' ')
      .filter(Boolean)
      .map((name) => names.indexOf(name)),
    trigger: 'all_success' as const,
    allowFailure: false,
    priorityKey: 3,
    ...rest,
  }));
  const all: SchedulerOptions = { concurrency: 10, onFailure: 'continue', ...options };
  const scheduler = new Scheduler(nodes, all);
  scheduler.start(NOW);
  const index = (name: string): number => names.indexOf(name);
  return {
    scheduler,
    nodes,
    options: all,
    index,
    take: (limit?: number) =>
      scheduler
        .take(limit)
        .map((taken) => names[taken])
        .join(' '),
    end: (name: string, status: TerminalStatus = 'COMPLETED', now = NOW) => {
      const { settled, cancel } = scheduler.settle(index(name), status, now);
      return {
        settled: settled.map((one) => `${names[one.index]} ${one.status} ${one.reason}`),
        cancel: cancel.map((one) => `${names[one.index]} ${one.reason}`),
      };
    },
    state: (name: string) => scheduler.state(index(name)),
  };
}

describe('Scheduler.take', () => {
  it('gives what depends on nothing, then what depends on what completed', () => {
    const { take, end } = setup({ a: {}, b: { after: 'a' }, c: { after: 'a b' } });
    expect(take()).toBe('a');
    expect(take()).toBe('');
    end('a');
    expect(take()).toBe('b');
    end('b');
    expect(take()).toBe('c');
  });

  it('goes by priority, then by the order in the spec', () => {
    const { take } = setup({
      a: { priorityKey: 4 },
      b: { priorityKey: 3 },
      c: { priorityKey: 1 },
      d: { priorityKey: 3 },
      e: { priorityKey: 1 },
    });
    expect(take()).toBe('c e b d a');
  });

  it('lets a node of high priority that becomes ready late overtake those that stand in the queue', () => {
    const { take, end } = setup(
      { a: {}, b: {}, c: {}, urgent: { after: 'a', priorityKey: 1 } },
      { concurrency: 1 },
    );
    expect(take()).toBe('a');
    end('a');
    expect(take()).toBe('urgent');
  });

  it('keeps to the concurrency and to the limit', () => {
    const { take, end, scheduler } = setup({ a: {}, b: {}, c: {}, d: {} }, { concurrency: 3 });
    expect([take(1), take(), take()]).toEqual(['a', 'b c', '']);
    expect(scheduler.running).toBe(3);
    end('b', 'FAILED');
    expect(take()).toBe('d');
  });

  it('passes over a node that was cancelled in the queue', () => {
    const { take, scheduler, index } = setup({ a: {}, b: {} }, { concurrency: 1 });
    scheduler.cancelNode(index('a'), NOW);
    expect(take()).toBe('b');
  });
});

describe('Scheduler.settle', () => {
  it('skips what comes after a failure, down a chain of any length', () => {
    const { take, end, scheduler } = setup({
      a: {},
      b: { after: 'a' },
      c: { after: 'b' },
      clean: { after: 'c', trigger: 'all_done' },
    });
    take();
    expect(end('a', 'FAILED').settled).toEqual([
      'b SKIPPED upstream_failed',
      'c SKIPPED upstream_failed',
    ]);
    expect(take()).toBe('clean');
    expect(scheduler.hasFailed).toBe(true);
  });

  it.each<[TriggerRule, string]>([
    ['all_success', 'rule'],
    ['one_success', 'rule'],
    ['none_skipped', 'rule'],
  ])('skips by rule what waits under %s for a node that was skipped by rule', (trigger, reason) => {
    const { take, end } = setup({
      a: {},
      b: { after: 'a', trigger: 'one_failed' },
      c: { after: 'b', trigger },
    });
    take();
    expect(end('a').settled).toEqual(['b SKIPPED rule', `c SKIPPED ${reason}`]);
  });

  it.each<TerminalStatus>(['FAILED', 'TIMEOUT', 'REJECTED'])(
    'lets dependants run after %s where failure is allowed, the graph not failed',
    (status) => {
      const { take, end, scheduler, index } = setup({
        a: { allowFailure: true },
        b: { after: 'a' },
      });
      take();
      end('a', status);
      expect(take()).toBe('b');
      expect(scheduler.ending(index('a'))?.status).toBe(status);
      expect(scheduler.hasFailed).toBe(false);
    },
  );

  it('counts a cancelled node as failed for what comes after it, also where failure is allowed', () => {
    const { take, end } = setup({ a: { allowFailure: true }, b: { after: 'a' } });
    take();
    expect(end('a', 'CANCELLED').settled).toEqual(['b SKIPPED upstream_failed']);
  });

  it('ends a node once: a second end changes nothing', () => {
    const { take, end, scheduler, index } = setup({ a: {}, b: { after: 'a' } });
    take();
    end('a');
    expect(end('a', 'FAILED')).toEqual({ settled: [], cancel: [] });
    expect(scheduler.ending(index('a'))?.status).toBe('COMPLETED');
    expect(take()).toBe('b');
  });

  it('runs an always node at once, whatever its dependencies do', () => {
    expect(setup({ a: {}, b: { after: 'a', trigger: 'always' } }).take()).toBe('a b');
  });

  it('settles 20,000 nodes in a row without running out of stack', () => {
    const parts = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, i): [string, Part] => [`n${i}`, {}]),
    );
    const { nodes } = setup(parts);
    const chain = nodes.map((node, i) => ({ ...node, dependsOn: i === 0 ? [] : [i - 1] }));
    const scheduler = new Scheduler(chain, { concurrency: 1, onFailure: 'continue' });
    scheduler.start(NOW);
    scheduler.take();
    expect(scheduler.settle(0, 'FAILED', NOW).settled).toHaveLength(19_999);
    expect(scheduler.isDone).toBe(true);
  });
});

describe('Scheduler under failFast', () => {
  const failFast = { onFailure: 'failFast' } as const;

  it('cancels what runs and what waits, and starts nothing more', () => {
    const { take, end, scheduler } = setup(
      { a: {}, b: {}, c: {}, d: { after: 'b' } },
      { ...failFast, concurrency: 2 },
    );
    expect(take()).toBe('a b');
    expect(end('a', 'FAILED')).toEqual({
      settled: ['c CANCELLED fail_fast', 'd CANCELLED fail_fast'],
      cancel: ['b fail_fast'],
    });
    expect(end('b')).toEqual({ settled: [], cancel: [] });
    expect(take()).toBe('');
    expect(scheduler.isDone).toBe(true);
  });

  it.each<TriggerRule>(['all_done', 'one_failed', 'one_done', 'all_failed', 'always'])(
    'still runs a clean-up node under %s, after what it waits for has stopped',
    (trigger) => {
      const { take, end, scheduler } = setup(
        { work: {}, other: {}, clean: { after: 'work', trigger } },
        failFast,
      );
      const first = take();
      expect(end('work', 'FAILED').cancel).toContain('other fail_fast');
      expect(first.includes('clean') ? 'clean' : take()).toBe('clean');
      end('other', 'CANCELLED');
      end('clean');
      expect(scheduler.isDone).toBe(true);
      expect(scheduler.hasFailed).toBe(true);
    },
  );

  it('runs a clean-up node at the end of a chain that never started, once nothing before it runs', () => {
    const { take, end } = setup(
      { a: {}, b: {}, c: { after: 'b' }, clean: { after: 'c', trigger: 'all_done' } },
      { ...failFast, concurrency: 2 },
    );
    take();
    expect(end('a', 'FAILED')).toEqual({ settled: [], cancel: ['b fail_fast'] });
    expect(take()).toBe('');
    expect(end('b', 'CANCELLED').settled).toEqual(['c CANCELLED fail_fast']);
    expect(take()).toBe('clean');
  });

  it('does not start a node that accepts failure but comes after nothing', () => {
    const { take, end } = setup(
      { a: {}, b: { trigger: 'all_done' } },
      { ...failFast, concurrency: 1 },
    );
    take();
    expect(end('a', 'FAILED').settled).toEqual(['b CANCELLED fail_fast']);
  });

  it('lets a clean-up node that already runs go on', () => {
    const { take, end } = setup(
      { a: {}, b: {}, clean: { after: 'a', trigger: 'all_done' } },
      failFast,
    );
    take();
    end('a');
    expect(take()).toBe('clean');
    expect(end('b', 'FAILED').cancel).toEqual([]);
  });

  it.each<[string, Part, TerminalStatus]>([
    ['a failure that is allowed', { allowFailure: true }, 'FAILED'],
    ['a cancel of one node', {}, 'CANCELLED'],
  ])('is not set off by %s', (_title, part, status) => {
    const { take, end } = setup({ a: part, b: {} }, { ...failFast, concurrency: 1 });
    take();
    expect(end('a', status).settled).toEqual([]);
    expect(take()).toBe('b');
  });
});

describe('Scheduler.hold and release', () => {
  it('gives the place to another node until its time', () => {
    const { take, scheduler, index, state } = setup({ a: {}, b: {} }, { concurrency: 1 });
    expect(take()).toBe('a');
    scheduler.hold(index('a'), NOW + 50);
    expect([scheduler.running, scheduler.heldCount, scheduler.nextDue()]).toEqual([0, 1, NOW + 50]);
    expect(take()).toBe('b');
    scheduler.release(NOW + 49);
    expect(state('a')).toBe('held');
    scheduler.release(NOW + 50);
    expect([state('a'), scheduler.nextDue()]).toEqual(['ready', undefined]);
  });

  it('holds only what runs', () => {
    const { scheduler, index, state } = setup({ a: {}, b: { after: 'a' } });
    scheduler.hold(index('a'), NOW + 50);
    scheduler.hold(index('b'), NOW + 50);
    expect([state('a'), state('b')]).toEqual(['ready', 'waiting']);
  });

  it('holds a node until its start time, counted from when its dependencies allow it', () => {
    const { take, end, scheduler, index } = setup({
      a: {},
      delayed: { after: 'a', startDelayMs: 100 },
      timed: { after: 'a', notBefore: NOW + 500 },
      both: { after: 'a', startDelayMs: 100, notBefore: NOW + 20 },
      past: { after: 'a', notBefore: NOW - 500 },
    });
    take();
    end('a', 'COMPLETED', NOW + 10);
    expect(take()).toBe('past');
    const due = ['delayed', 'timed', 'both'].map((name) => scheduler.heldUntilOf(index(name)));
    expect(due).toEqual([NOW + 110, NOW + 500, NOW + 110]);
    scheduler.release(NOW + 110);
    expect(take()).toBe('delayed both');
  });

  it('forgets a held node that is cancelled', () => {
    const { take, scheduler, index } = setup({ a: { startDelayMs: 50 }, b: { startDelayMs: 80 } });
    scheduler.cancelNode(index('a'), NOW);
    expect([scheduler.nextDue(), scheduler.heldCount]).toEqual([NOW + 80, 1]);
    scheduler.release(NOW + 60);
    expect(take()).toBe('');
  });
});

describe('Scheduler.cancelAll', () => {
  it('ends what waits and names what runs; nothing starts, not even a clean-up node', () => {
    const { take, end, scheduler, index } = setup({
      a: {},
      b: { startDelayMs: 50 },
      c: { after: 'a' },
      clean: { after: 'a', trigger: 'all_done' },
    });
    take();
    const { settled, cancel } = scheduler.cancelAll(NOW, 'deadline');
    expect(settled.map((one) => one.index)).toEqual(['b', 'c', 'clean'].map(index));
    expect(cancel).toEqual([{ index: index('a'), reason: 'deadline' }]);
    expect(end('a', 'CANCELLED')).toEqual({ settled: [], cancel: [] });
    scheduler.release(NOW + 100);
    expect(take()).toBe('');
    expect(scheduler.isDone).toBe(true);
  });

  it('leaves alone what runs on a cancel: it runs once nothing before it runs any more, and the graph is not done before', () => {
    const { take, end, scheduler, index } = setup({
      create: {},
      work: { after: 'create' },
      remove: { after: 'work', trigger: 'all_done', runsOnCancel: true },
      tell: { after: 'remove' },
    });
    take();
    const { settled, cancel } = scheduler.cancelAll(NOW);
    expect(settled.map((one) => one.index)).toEqual([index('tell')]);
    expect(cancel).toEqual([{ index: index('create'), reason: 'cancelled' }]);
    expect(take()).toBe('');
    expect(end('create', 'CANCELLED').settled).toEqual(['work CANCELLED cancelled']);
    expect(take()).toBe('remove');
    expect(scheduler.isDone).toBe(false);
    end('remove');
    expect(scheduler.isDone).toBe(true);
  });

  it.each<[string, Part, string, string]>([
    ['lets it go on where it runs', { runsOnCancel: true }, 'a', ''],
    ['skips it where its trigger says no', { after: 'a', runsOnCancel: true }, '', 'b SKIPPED'],
  ])('%s', (_title, part, goesOn, skipped) => {
    const { take, scheduler, end } = setup({ a: goesOn ? part : {}, b: goesOn ? {} : part });
    take();
    const { cancel } = scheduler.cancelAll(NOW);
    expect(cancel.map((one) => one.index)).toEqual(goesOn ? [1] : [0]);
    expect(end('a', 'CANCELLED').settled).toEqual(skipped ? [`${skipped} upstream_failed`] : []);
  });

  it('is held back by no pause', () => {
    const { take, scheduler, index, end } = setup({
      a: {},
      clean: { after: 'a', trigger: 'all_done', runsOnCancel: true },
    });
    expect(take()).toBe('a');
    scheduler.pause();
    scheduler.pauseNode(index('clean'));
    expect(scheduler.cancelAll(NOW).settled).toEqual([]);
    end('a', 'CANCELLED');
    expect(take()).toBe('clean');
  });

  it.each([
    ['the spec has it first', ['first', 'a', 'b']],
    ['the spec has it last', ['a', 'b', 'last']],
  ])('asks of a failure what had ended before it, whatever the order: %s', (_title, order) => {
    const parts: Record<string, Part> = Object.fromEntries(
      order.map((name) =>
        name.length === 1 ? [name, {}] : [name, { after: 'b', trigger: 'always' }],
      ),
    );
    const { take, end } = setup(parts, { concurrency: 1, onFailure: 'failFast' });
    while (take() !== 'a') end(order[0] ?? '');
    expect(end('a', 'FAILED').settled.length).toBeGreaterThan(0);
    expect(take()).toBe('');
  });
});

describe('Scheduler.snapshot', () => {
  it('is a letter a node, what is held, and why nothing starts', () => {
    const { take, end, scheduler, index } = setup({
      done: {},
      fails: { allowFailure: true },
      runs: {},
      holds: {},
      waits: { after: 'runs' },
      cancelled: {},
      skipped: { after: 'done', trigger: 'one_failed' },
      saysNo: {},
    });
    take();
    end('done');
    end('fails', 'FAILED');
    end('cancelled', 'CANCELLED');
    scheduler.settle(index('saysNo'), 'SKIPPED', NOW, 'condition');
    scheduler.hold(index('holds'), NOW + 5);
    expect(scheduler.snapshot()).toEqual({ states: 'CFuhwXSN', held: [[3, NOW + 5]] });
  });

  it('carries over that everything was cancelled', () => {
    const { nodes, options, take, scheduler, index } = setup({ a: {}, b: { after: 'a' } });
    take();
    scheduler.cancelAll(NOW);
    const restored = Scheduler.restore(nodes, options, scheduler.snapshot());
    restored.settle(index('a'), 'COMPLETED', NOW);
    expect([restored.take(), restored.isDone]).toEqual([[], true]);
  });
});
