import { nextTimes } from '../../src/domain/schedule-next.js';
import { parseTimes, type ScheduleTimes } from '../../src/domain/schedule-times.js';

const NOW = Date.parse('2026-11-27T12:00:30Z');

function next(times: ScheduleTimes, count = 3, now = NOW): string[] {
  const faults: never[] = [];
  const parsed = parseTimes(times, now, faults);
  expect(faults).toEqual([]);
  return nextTimes(parsed, now, count).map((time) => new Date(time).toISOString().slice(0, 19));
}

describe('nextTimes', () => {
  it.each<[string, ScheduleTimes, string[]]>([
    [
      'a cron expression',
      { cron: '*/20 * * * *' },
      ['2026-11-27T12:20:00', '2026-11-27T12:40:00', '2026-11-27T13:00:00'],
    ],
    [
      'a day of the month that must also be the day of the week',
      { cron: '0 0 13 * FRI' },
      ['2027-08-13T00:00:00', '2028-10-13T00:00:00', '2029-04-13T00:00:00'],
    ],
    ['a shorthand', { cron: '@yearly' }, ['2027-01-01', '2028-01-01', '2029-01-01'].map(midnight)],
    [
      'the 29th of February',
      { cron: '0 0 29 2 *' },
      ['2028-02-29', '2032-02-29', '2036-02-29'].map(midnight),
    ],
    [
      'a cron expression with a second and years that end',
      { cron: '15 30 6 1 1 * 2028-2029' },
      ['2028-01-01T06:30:15', '2029-01-01T06:30:15'],
    ],
    [
      'an interval, counted from 1970 and shifted',
      { every: { every: '1h', offset: '5m' } },
      ['2026-11-27T12:05:00', '2026-11-27T13:05:00', '2026-11-27T14:05:00'],
    ],
    [
      'several ways to say when, each time once',
      { cron: '0 13 * * *', every: '30m', at: '2026-11-27T12:45:00Z' },
      ['2026-11-27T12:30:00', '2026-11-27T12:45:00', '2026-11-27T13:00:00'],
    ],
    [
      'what is left by skip',
      { cron: '0 * * * *', skip: { hour: '13-22' } },
      ['2026-11-27T23:00:00', '2026-11-28T00:00:00', '2026-11-28T01:00:00'],
    ],
    [
      'what lies between startAt and endAt, both of them included',
      { every: '1h', startAt: '2027-01-01T00:00:00Z', endAt: '2027-01-01T01:00:00Z' },
      ['2027-01-01T00:00:00', '2027-01-01T01:00:00'],
    ],
    [
      'the clocks of a zone',
      { cron: '0 9 * * *', timezone: 'Asia/Kathmandu' },
      ['2026-11-28T03:15:00', '2026-11-29T03:15:00', '2026-11-30T03:15:00'],
    ],
  ])('are of %s', (_, times, expected) => expect(next(times)).toEqual(expected));

  it('leave out a time that the clocks leap over, and have one twice that they show twice', () => {
    const timezone = 'Europe/Zurich';
    const spring = Date.parse('2027-03-27T12:00:00Z');
    expect(next({ cron: '30 2 * * *', timezone }, 2, spring)).toEqual([
      ...['2027-03-29T00:30:00', '2027-03-30T00:30:00'],
    ]);
    const autumn = Date.parse('2027-10-30T23:00:00Z');
    expect(next({ cron: '0,30 2 * * *', timezone }, 5, autumn)).toEqual([
      ...['2027-10-31T00:00:00', '2027-10-31T00:30:00'],
      ...['2027-10-31T01:00:00', '2027-10-31T01:30:00', '2027-11-01T01:00:00'],
    ]);
  });

  it('ends where every time is skipped', () => {
    expect(next({ cron: '* * * * * * *', skip: { hour: '*', minute: '*', second: '*' } })).toEqual(
      [],
    );
  });
});

function midnight(day: string): string {
  return `${day}T00:00:00`;
}
