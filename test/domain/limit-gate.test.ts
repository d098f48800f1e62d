import { describe, expect, it } from '@jest/globals';
import { LimitGate } from '../../src/domain/limit-gate.js';

const MAX = 3;

/** A graph with one lane of weight 1, its window of ten with nothing in it. */
function setup(asked = 0) {
  const gate = new LimitGate(
    [{ max: MAX, asked: asked === 0 ? {} : { 1: asked }, priority: 3 }],
    [{ limit: 0, weight: 1 }],
  );
  const tell = (ready: number, room = 10, priority = 3, started = 0): string => {
    gate.settle(0, { ready, room, priority, started });
    const message = gate.message(0);
    if (!message) return '';
    return `asked ${message.asked[1]} released ${message.released[1]}`;
  };
  const grant = (granted: number, giveBack = 0): boolean =>
    gate.hear(0, { granted: { 1: granted }, giveBack: { 1: giveBack }, max: MAX });
  return { gate, tell, grant };
}

describe('LimitGate', () => {
  it('asks for as many places as nodes are ready and the window has room for', () => {
    expect(setup().tell(4)).toBe('asked 4 released 0');
    expect(setup().tell(40, 7)).toBe('asked 7 released 0');
    expect(setup().tell(0)).toBe('');
  });

  it('says nothing that was said when the limit was opened', () => {
    expect(setup(4).tell(4)).toBe('');
  });

  it('lets one node after the other have a place, without a word', () => {
    const { gate, tell, grant } = setup(9);
    grant(2);
    expect(gate.free(0)).toBe(2);
    gate.use(0);
    gate.use(0);
    for (let left = 7; left > 0; left--) {
      expect(tell(left, 8)).toBe('');
      gate.leave(0);
      expect(gate.free(0)).toBe(1);
      gate.use(0);
    }
  });

  it('gives a place back once nobody waits for it, and wants no more', () => {
    const { gate, tell, grant } = setup(2);
    grant(1);
    gate.use(0);
    gate.leave(0);
    expect(tell(0)).toBe('asked 1 released 1');
    expect(tell(0)).toBe('');
  });

  it('gives a place that was asked back to nobody, and wants another one instead', () => {
    const { gate, tell, grant } = setup(9);
    grant(1);
    gate.use(0);
    grant(1, 1);
    expect(tell(8, 9)).toBe('');
    gate.leave(0);
    expect(gate.free(0)).toBe(0);
    expect(tell(8)).toBe('asked 9 released 1');
  });

  it('lets a place that was asked back before it served anybody serve one node first', () => {
    const { gate, tell, grant } = setup(9);
    grant(1, 1);
    expect(gate.free(0)).toBe(1);
    gate.use(0);
    gate.leave(0);
    expect(gate.free(0)).toBe(0);
    expect(tell(8)).toBe('asked 9 released 1');
  });

  it('gives a place back that was asked for before it served, once another node has started instead', () => {
    const { tell, grant } = setup();
    tell(5, 0, 3, 7);
    grant(1, 1); // the window is full of other nodes
    expect(tell(5, 0, 3, 7)).toBe('');
    expect(tell(5, 0, 3, 8)).toBe('asked 2 released 1');
  });

  it('asks for one place although the window is full of other nodes, and keeps it', () => {
    const { gate, tell, grant } = setup();
    expect(tell(5, 0)).toBe('asked 1 released 0');
    grant(1);
    expect(tell(5, 0)).toBe('');
    expect(gate.free(0)).toBe(1);
  });

  it('gives back what its window has no room for', () => {
    const { gate, tell, grant } = setup(5);
    grant(3);
    gate.use(0);
    expect(tell(4, 0)).toBe('asked 3 released 2');
  });

  it('asks again only when what the keeper knows of is less than it could grant', () => {
    const { tell, grant, gate } = setup(5);
    expect(tell(6)).toBe(''); // it knows of 5, and has 3
    grant(3);
    for (let i = 0; i < 3; i++) gate.use(0);
    expect(tell(5, 7)).toBe('asked 8 released 0'); // it knows of 2
  });

  it('tells of a more urgent node, and of nothing else that is old', () => {
    const { tell } = setup(5);
    expect(tell(5, 10, 3)).toBe('');
    expect(tell(5, 10, 1)).toBe('asked 5 released 0');
    expect(tell(5, 10, 1)).toBe('');
  });

  it('hears the same grant twice, or late, as no news', () => {
    const { gate, grant } = setup(5);
    expect(grant(2)).toBe(true);
    expect(grant(2)).toBe(false);
    expect(grant(1)).toBe(false);
    expect(gate.free(0)).toBe(2);
  });

  it('goes on from a snapshot, places in use and all', () => {
    const { gate, tell, grant } = setup(9);
    grant(2);
    gate.use(0);
    tell(8, 9);
    const carried = JSON.parse(JSON.stringify(gate.snapshot())) as ReturnType<
      LimitGate['snapshot']
    >;
    const restored = new LimitGate([], [{ limit: 0, weight: 1 }], carried);
    expect(restored.free(0)).toBe(1);
    restored.leave(0);
    expect(restored.free(0)).toBe(2);
  });
});
