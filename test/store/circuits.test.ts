import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  circuitAfter,
  CLOSED,
  DEFAULT_CIRCUIT,
  enter,
  type CircuitEvent,
  type CircuitOptions,
  type CircuitState,
} from '../../src/store/circuit-state.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14);

describe('circuitAfter', () => {
  const options = fc.record({
    failures: fc.integer({ min: 1, max: 4 }),
    windowMs: fc.integer({ min: 10, max: 100 }),
    openForMs: fc.integer({ min: 10, max: 100 }),
    probes: fc.integer({ min: 1, max: 3 }),
    minCalls: fc.integer({ min: 0, max: 8 }),
  });
  const holder = fc.constantFrom('a', 'b', 'c', 'd');
  const event: fc.Arbitrary<CircuitEvent> = fc.oneof(
    fc.record({ type: fc.constantFrom('enter', 'failure', 'success'), holder }),
    { weight: 8, arbitrary: fc.record({ type: fc.constant('failure'), holder }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('force'), mode: fc.constantFrom('open', 'closed') }),
    },
  );
  const story = fc.array(fc.tuple(event, fc.integer({ min: 0, max: 40 })), { maxLength: 60 });

  /** Runs a story and checks each step against what it was and what it became. */
  const eachStep = (
    check: (step: {
      before: CircuitState;
      after: CircuitState;
      event: CircuitEvent;
      now: number;
      options: CircuitOptions;
    }) => void,
  ): void =>
    fc.assert(
      fc.property(options, story, (chosen, steps) => {
        let [state, now]: [CircuitState, number] = [CLOSED, T];
        for (const [next, later] of steps) {
          now += later;
          const before = state;
          state = circuitAfter(state, next, now, chosen);
          check({ before, after: state, event: next, now, options: chosen });
        }
      }),
      { numRuns: 1_000 },
    );

  it('never lets more than `probes` try at once, and nobody while it is open', () => {
    eachStep(({ before, after, event: happened, now, options: { probes } }) => {
      if (after.mode === 'half_open') {
        const running = after.probes.filter((probe) => probe.until > now);
        expect(running.length).toBeLessThanOrEqual(probes);
        expect(new Set(running.map((probe) => probe.holder)).size).toBe(running.length);
      }
      if (happened.type !== 'enter' || before.mode !== 'open') return;
      const early = before.openUntil === null || now < before.openUntil;
      expect(after.mode).toBe(early ? 'open' : 'half_open');
    });
  });

  it('opens only for enough failures of enough calls in the window, or a failed probe, or by hand', () => {
    eachStep(({ before, after, event: happened, now, options: chosen }) => {
      if (before.mode === 'open' || after.mode !== 'open' || happened.type === 'force') return;
      expect(happened.type).toBe('failure');
      if (before.mode === 'half_open') return;
      const recent = (times: number[]): number =>
        times.filter((time) => time > now - chosen.windowMs).length;
      const failures = recent(before.failures) + 1;
      expect(failures).toBeGreaterThanOrEqual(chosen.failures);
      expect(failures + recent(before.successes)).toBeGreaterThanOrEqual(chosen.minCalls);
    });
  });

  it('closes by a probe that succeeds, or by hand, and by nothing else', () => {
    eachStep(({ before, after, event: happened, now }) => {
      if (before.mode === 'closed' || after.mode !== 'closed' || happened.type === 'force') return;
      expect(before.mode).toBe('half_open');
      const probes = before.mode === 'half_open' ? before.probes : [];
      expect(happened.type).toBe('success');
      expect(probes).toContainEqual({
        holder: 'holder' in happened ? happened.holder : '',
        until: expect.any(Number),
      });
      expect(probes.some((probe) => probe.until > now)).toBe(true);
    });
  });

  it('stays open by hand whatever happens', () => {
    let state = circuitAfter(CLOSED, { type: 'force', mode: 'open' }, T, DEFAULT_CIRCUIT);
    for (const type of ['enter', 'failure', 'success'] as const)
      state = circuitAfter(state, { type, holder: 'a' }, T * 2, DEFAULT_CIRCUIT);
    expect(enter(state, 'a', T * 3, DEFAULT_CIRCUIT).entry).toEqual({
      outcome: 'refused',
      until: null,
    });
  });

  it('keeps no more calls than can matter', () => {
    let state: CircuitState = CLOSED;
    const chosen = { ...DEFAULT_CIRCUIT, failures: 3, minCalls: 10_000 };
    for (let i = 0; i < 500; i++)
      state = circuitAfter(state, { type: 'failure', holder: 'a' }, T, { ...chosen, minCalls: 4 });
    expect(JSON.stringify(state).length).toBeLessThan(200);
  });
});

describeDatabases('circuits', (database) => {
  const at = ['p', 'api'] as const;

  it('open for failures, let one probe through, and close when it succeeds', async () => {
    const { circuits } = await database.fresh();
    await expect(circuits.tryEnter(...at, 'a', T)).resolves.toEqual({ outcome: 'allowed' });
    const modes = [];
    for (let i = 0; i < 5; i++) modes.push(await circuits.recordFailure(...at, 'a', T + i));
    expect(modes).toEqual(['closed', 'closed', 'closed', 'closed', 'open']);
    const until = T + 4 + 30_000;
    const refused = { outcome: 'refused', until };
    await expect(circuits.tryEnter(...at, 'a', until - 1)).resolves.toEqual(refused);
    const probe = { outcome: 'probe', until: until + 30_000 };
    await expect(circuits.tryEnter(...at, 'a', until)).resolves.toEqual(probe);
    await expect(circuits.tryEnter(...at, 'b', until)).resolves.toEqual({
      ...probe,
      outcome: 'refused',
    });
    await expect(circuits.recordSuccess(...at, 'b', until)).resolves.toBe('half_open');
    await expect(circuits.recordSuccess(...at, 'a', until)).resolves.toBe('closed');
    await expect(circuits.tryEnter(...at, 'b', until)).resolves.toEqual({ outcome: 'allowed' });
  });

  it('grant one probe to many who ask at once', async () => {
    const url = await database.freshUrl();
    const [one, two] = [await database.open(url), await database.open(url)];
    for (let i = 0; i < 5; i++) await one.circuits.recordFailure(...at, 'a', T);
    const asked = Array.from({ length: 20 }, (_, i) =>
      (i % 2 ? one : two).circuits.tryEnter(...at, `h${i}`, T + 30_000),
    );
    const outcomes = (await Promise.all(asked)).map(({ outcome }) => outcome).sort();
    expect(outcomes).toEqual(['probe', ...Array.from({ length: 19 }, () => 'refused')]);
  });

  it('count every failure of many at once', async () => {
    const url = await database.freshUrl();
    const [one, two] = [await database.open(url), await database.open(url)];
    const chosen = { failures: 20, minCalls: 1 };
    const told = Array.from({ length: 20 }, (_, i) =>
      (i % 2 ? one : two).circuits.recordFailure(...at, `h${i}`, T, chosen),
    );
    const modes = (await Promise.all(told)).filter((mode) => mode === 'open');
    expect(modes).toHaveLength(1);
  });

  it('obey a person, and can be listed', async () => {
    const { circuits } = await database.fresh();
    await circuits.recordFailure('q', 'mail', 'a', T);
    const view = await circuits.force(...at, 'open', T);
    expect(view).toEqual({
      ...{ project: 'p', name: 'api', mode: 'open', forced: true, failures: 0 },
      ...{ openedAt: T, openUntil: null, probes: [], updatedAt: T },
    });
    await expect(circuits.list()).resolves.toEqual([
      view,
      expect.objectContaining({ failures: 1 }),
    ]);
    await expect(circuits.list({ mode: 'open' })).resolves.toEqual([view]);
    await expect(circuits.get('p', 'none')).resolves.toBeUndefined();
    await circuits.force(...at, 'closed', T + 1);
    await expect(circuits.tryEnter(...at, 'a', T + 1)).resolves.toEqual({ outcome: 'allowed' });
  });
});
