import { engineCircuit, functionCircuit } from '../../src/domain/own-circuit.js';
import { isTargetFault, targetFault } from '../../src/domain/target-fault.js';
import { expectedEvents } from '../../src/domain/plan.js';
import { planGraph, validateGraph, type GraphSpec } from '../../src/index.js';
import { makePlan, type PlanContext } from '../../src/domain/make-plan.js';
import type { CircuitSettings } from '../../src/domain/circuit.js';

describe('functionCircuit', () => {
  it.each([
    [{ url: 'https://f.test/charge?key=hush' }, 'faas:https://f.test'],
    [{ url: 'https://user:hush@f.test:8443/a#b' }, 'faas:https://f.test:8443'],
    [{ url: 'https://F.TEST:443/other' }, 'faas:https://f.test'],
    [{ function: 'archive' }, 'lambda:archive'],
    [{ function: 'archive', region: 'eu-central-1' }, 'lambda:eu-central-1/archive'],
  ])('of %j is %s', (faas, name) => {
    expect(functionCircuit(faas)).toBe(name);
  });
});

describe('engineCircuit', () => {
  it.each([
    [undefined, 'container:worker-7'],
    ['unix:///run/podman/podman.sock', 'container:worker-7'],
    ['tcp://user:hush@engine.test:2375', 'container:engine.test:2375'],
    ['ssh://engine.test', 'container:engine.test'],
  ])('at %s is %s', (address, name) => {
    expect(engineCircuit(address, 'worker-7')).toBe(name);
  });
});

describe('isTargetFault', () => {
  it('knows a marked error, and what it caused', () => {
    const error = targetFault(new Error('gone'));
    expect(isTargetFault(error)).toBe(true);
    expect(isTargetFault(new Error('so', { cause: new Error('and so', { cause: error }) }))).toBe(
      true,
    );
  });

  it('is not taken in by what was never marked, or causes itself', () => {
    const round = new Error('round');
    Object.assign(round, { cause: round });
    for (const other of [undefined, null, 'gone', new Error('gone'), round])
      expect(isTargetFault(other)).toBe(false);
    expect(JSON.stringify(targetFault(new Error('gone')))).toBe('{}');
  });
});

describe('the circuit of a function in a plan', () => {
  const context: PlanContext = {
    ...{ task: () => undefined, postHooks: false, postHooksOnSkipped: false },
  };
  const FUNCTION = { id: 'a', faas: { url: 'https://f.test/a?key=hush' } };
  const classOf = (
    node: object,
    more: Partial<GraphSpec> = {},
    circuits: Record<string, CircuitSettings> = {},
  ) => {
    const { valid, faults } = validateGraph({ name: 'g', tasks: [node], ...more });
    if (!valid) throw new Error(JSON.stringify(faults));
    return makePlan(valid, { ...context, circuits }).classes[0];
  };

  it('is its target’s own where nobody names one', () => {
    expect(classOf(FUNCTION)?.circuit).toEqual({
      ...{ name: 'faas:https://f.test', failures: 5, windowMs: 60_000, openForMs: 30_000 },
      ...{ probes: 1, minCalls: 5, own: true },
    });
  });

  it('is defined by the settings where they have one of its name', () => {
    const strict = { failures: 2, window: 1_000, openFor: 500, probes: 1, minCalls: 2 };
    expect(classOf(FUNCTION, {}, { 'faas:https://f.test': strict })?.circuit).toMatchObject({
      ...{ failures: 2, windowMs: 1_000, own: true },
    });
  });

  it('is the one that is named', () => {
    const { circuit } = classOf({ ...FUNCTION, circuit: 'bank' }) ?? {};
    expect(circuit).toMatchObject({ name: 'bank' });
    expect(circuit).not.toHaveProperty('own');
    expect(classOf(FUNCTION, { defaults: { circuit: 'bank' } })?.circuit?.name).toBe('bank');
  });

  it.each([
    [FUNCTION, { defaults: { circuit: false as const } }],
    [{ ...FUNCTION, circuit: false }, {}],
    [{ ...FUNCTION, circuit: false }, { defaults: { circuit: 'bank' } }],
  ])('is none where %j and %j say so', (node, more) => {
    expect(classOf(node, more)).not.toHaveProperty('circuit');
    expect(classOf(node, more)?.run?.bare).toBe(true);
  });

  it.each([
    [{ id: 'a', process: { command: ['true'] } }],
    [{ id: 'a', container: { image: 'busybox' } }],
    [{ id: 'a', task: 'noop' }],
  ])('is not one of %j: an engine’s only its worker knows', (node) => {
    expect(classOf(node)).not.toHaveProperty('circuit');
    expect(classOf(node)?.run ?? {}).not.toHaveProperty('bare');
  });

  it('costs no events by itself, as one that is named does', () => {
    const events = (node: object): number => {
      const { valid } = validateGraph({ name: 'g', tasks: [node] });
      return valid ? expectedEvents(makePlan(valid, context), 60_000) : 0;
    };
    expect(events(FUNCTION)).toBe(events({ ...FUNCTION, circuit: false }));
    expect(events(FUNCTION)).toBeLessThan(events({ ...FUNCTION, circuit: 'bank' }));
  });

  it('is shown by a forecast', () => {
    const { plan } = planGraph({ name: 'g', tasks: [FUNCTION] });
    expect(plan?.nodes['a']?.options['circuit']).toEqual({
      ...{ value: 'faas:https://f.test', from: 'library' },
    });
    const none = planGraph({ name: 'g', tasks: [{ ...FUNCTION, circuit: false }] });
    expect(none.plan?.nodes['a']?.options['circuit']).toEqual({ value: false, from: 'node' });
  });
});
