import { beforeEach, describe, expect, it } from '@jest/globals';
import type { HeldOutcome, NodeOutcome } from '../../src/domain/outcome.js';
import { LentNodes, type Told } from '../../src/workflows/lent-nodes.js';
import type { LentNode, NodeOrder } from '../../src/workflows/requests.js';
import { isSettled } from '../../src/workflows/shapes.js';

const NO_RUN = { attempts: [], executionTimeMs: 0 };
const ended = (status: 'COMPLETED' | 'FAILED'): NodeOutcome => ({
  ...{ status, attemptCount: 1 },
  ...NO_RUN,
});
const HELD: HeldOutcome = { held: 'retry', waitMs: 0, attemptsUsed: 1, ...NO_RUN };
const node = (index: number, waitsFor: number[] = [], rank?: number): LentNode => ({
  ...{ order: { index } as NodeOrder, waitsFor },
  ...(rank === undefined ? {} : { rank }),
});

describe('what a segment was lent', () => {
  let begun: number[];
  let told: Told[];
  let lent: LentNodes;
  const words = (): string[] =>
    told.map(({ outcome, places }) => {
      const [index, delivered] = outcome ?? ['', {}];
      return `${index} ${Object.keys(delivered)[0] ?? 'places'} ${places}`;
    });
  beforeEach(() => {
    [begun, told] = [[], []];
    lent = new LentNodes(
      ({ index }) => begun.push(index),
      (one) => told.push(one),
    );
  });

  it('begins after a node that had been given back and begins again', () => {
    lent.heard(0, HELD);
    lent.take({ nodes: [node(1, [0])], quiet: [] });
    expect(words()).toEqual(['0 held 0', '1 left 0']);
    lent.ordered(0, true);
    lent.take({ nodes: [node(1, [0])], quiet: [] });
    lent.heard(0, ended('COMPLETED'));
    expect(words().slice(2)).toEqual(['0 status 1', '1 begun -1']);
    expect(begun).toEqual([1]);
  });

  it('begins in the place of whatever ends well: the highest priority first, then the first in the spec', () => {
    lent.ordered(0, true);
    lent.ordered(1, true);
    lent.take({ nodes: [node(5), node(4), node(7, [], 4), node(6, [], 1)], quiet: [] });
    expect(begun).toEqual([]);
    for (const index of [1, 6, 0, 4, 5]) lent.heard(index, ended('COMPLETED'));
    expect(begun).toEqual([6, 4, 5, 7]);
    expect(words().slice(-2)).toEqual(['4 status 1', '7 begun -1', '5 status 0'].slice(1));
  });

  it('says when one began that had waited for a place, and not of one that begins with the end it waited for', () => {
    lent.ordered(0, true);
    lent.take({ nodes: [node(1, [0]), node(2)], quiet: [] });
    lent.heard(0, ended('COMPLETED'));
    lent.heard(1, ended('COMPLETED'));
    const begins = told.flatMap(({ outcome }) =>
      outcome && 'begun' in outcome[1] ? [outcome] : [],
    );
    expect(begins).toEqual([
      [1, { begun: true }],
      [2, { begun: true, at: expect.any(Number) as unknown }],
    ]);
  });

  it('begins in places that are given with it, and says at once where it lacks one that could be had', () => {
    lent.take({ nodes: [node(1), node(2)], quiet: [], places: 1, room: true });
    expect(begun).toEqual([1]);
    expect(lent.lacksPlace).toBe(true);
    lent.take({ nodes: [], quiet: [], places: 1 });
    expect(begun).toEqual([1, 2]);
    expect(lent.lacksPlace).toBe(false);
    lent.take({ nodes: [node(3)], quiet: [] });
    expect(lent.lacksPlace).toBe(false);
  });

  it('keeps no place of a node that fails or waits for a retry, nor of one that had none', () => {
    for (const index of [0, 1]) lent.ordered(index, true);
    lent.ordered(2, false);
    lent.take({ nodes: [node(5), node(6), node(7)], quiet: [] });
    lent.heard(0, ended('FAILED'));
    lent.heard(1, HELD);
    lent.heard(2, ended('COMPLETED'));
    expect(begun).toEqual([]);
    expect(told.every(({ places }) => places === 0)).toBe(true);
  });

  it('gives places back that nobody is left for', () => {
    for (const index of [0, 1]) lent.ordered(index, true);
    lent.take({ nodes: [node(5, [1]), node(6, [1])], quiet: [] });
    lent.heard(0, ended('COMPLETED'));
    expect(words()).toEqual(['0 status 1']);
    lent.recall();
    expect(words().slice(1).sort()).toEqual([' places -1', '5 left 0', '6 left 0']);
    lent.take({ nodes: [], quiet: [], places: 3 });
    expect(words().at(-1)).toBe(' places -3');
    expect(lent.places).toBe(0);
  });

  it('lets nobody wait for an end only where its place is kept and only lent ones follow', () => {
    for (const index of [0, 1, 2]) lent.ordered(index, true);
    lent.take({ nodes: [node(5, [0, 1])], quiet: [0, 1] });
    for (const index of [0, 1, 2]) lent.heard(index, ended('COMPLETED'));
    expect(told.map(({ outcome, quiet }) => [outcome?.[0], quiet])).toEqual([
      ...[
        [0, true],
        [1, false],
      ],
      ...[
        [5, true],
        [2, false],
      ],
    ]);
  });
});

describe('a report of a segment', () => {
  it.each([
    [{ kept: 2 }, true],
    [{ kept: 'two' }, false],
    [{ kept: 0.5 }, false],
    [{ outcomes: [[1, { begun: true, at: 5 }]] }, true],
    [{ outcomes: [[1, { begun: true, at: 'now' }]] }, false],
  ])('%j is heard: %s', (report, expected) => {
    expect(isSettled({ segmentId: 's', outcomes: [], ...report })).toBe(expected);
  });
});
