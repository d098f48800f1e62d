import { deadlineRisk } from '../../src/domain/deadline-risk.js';

const began = { beganAt: 1_000, deadlineMs: 100_000 };
const deadlineAt = 101_000;

describe('deadlineRisk', () => {
  it.each([
    [1_000, undefined],
    [80_999, undefined],
    [81_000, { at: 81_000, deadlineAt, because: 'time' }],
    [100_999, { at: 100_999, deadlineAt, because: 'time' }],
    [101_000, undefined],
    [500_000, undefined],
  ])('at %d, with no node that is known: %j', (now, risk) => {
    expect(deadlineRisk(began, [], now)).toEqual(risk);
    expect(deadlineRisk(began, [{ startedAt: now, usualMs: undefined }], now)).toEqual(risk);
  });

  it.each([
    [2_000, 98_999, undefined],
    [2_000, 99_000, undefined],
    [2_000, 99_001, 'node'],
    [60_000, 41_001, 'node'],
  ])('a node that began at %d and usually takes %d ms: %s', (startedAt, usualMs, because) => {
    const running = [
      { startedAt: 2_000, usualMs: 1 },
      { startedAt, usualMs },
    ];
    expect(deadlineRisk(began, running, 60_000)?.because).toBe(because);
  });

  it('names the node where both speak against it, and nothing once the deadline has passed', () => {
    const running = [{ startedAt: 90_000, usualMs: 60_000 }];
    expect(deadlineRisk(began, running, 95_000)?.because).toBe('node');
    expect(deadlineRisk(began, running, 101_000)).toBeUndefined();
  });
});
