import { leaptTimes } from '../../src/domain/schedule-leaps.js';
import { parseTimes, type ScheduleTimes } from '../../src/domain/schedule-times.js';

const NOW = Date.parse('2026-11-27T12:00:30Z');

function leapt(times: ScheduleTimes): string[] {
  const faults: never[] = [];
  const parsed = parseTimes(times, NOW, faults);
  expect(faults).toEqual([]);
  return leaptTimes(parsed, NOW);
}

describe('leaptTimes', () => {
  it.each<[string, ScheduleTimes, string[]]>([
    ['a time each night', { cron: '30 2 * * *', timezone: 'Europe/Zurich' }, ['2027-03-28 02:30']],
    [
      'one of two times a day',
      { cron: '0 2,14 * * *', timezone: 'Europe/Zurich' },
      ['2027-03-28 02:00'],
    ],
    [
      'midnight, where the clocks are put forward then',
      { cron: '@daily', timezone: 'Africa/Cairo' },
      ['2027-04-30 00:00'],
    ],
    [
      'a calendar',
      { calendar: { hour: 2, dayOfWeek: 'SUN' }, timezone: 'America/New_York' },
      ['2027-03-14 02:00'],
    ],
  ])('tells %s', (_what, times, expected) => {
    expect(leapt(times)).toEqual(expected);
  });

  it.each<[string, ScheduleTimes]>([
    ['of UTC', { cron: '30 2 * * *' }],
    ['of another hour', { cron: '0 4 * * *', timezone: 'Europe/Zurich' }],
    ['of each hour', { cron: '0 * * * *', timezone: 'Europe/Zurich' }],
    ['of each ten minutes', { cron: '*/10 * * * *', timezone: 'Europe/Zurich' }],
    ['of another day', { cron: '30 2 * * MON', timezone: 'Europe/Zurich' }],
    ['of an interval', { every: '1h', timezone: 'Europe/Zurich' }],
    [
      'that ends before',
      { cron: '30 2 * * *', timezone: 'Europe/Zurich', endAt: '2027-03-01T00:00:00Z' },
    ],
  ])('tells nothing %s', (_what, times) => {
    expect(leapt(times)).toEqual([]);
  });
});
