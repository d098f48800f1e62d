import { formatFaults, type Fault } from '../../src/domain/fault.js';
import { parseTimes } from '../../src/domain/schedule-times.js';

describe('parseTimes', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  const faultsOf = (times: object): string => {
    const faults: Fault[] = [];
    parseTimes(times, now, faults);
    return formatFaults(faults);
  };

  it.each([
    [
      { cron: '61 * * * *' },
      'cron: minute: expected a value, range ("a-b") or step ("*/n") of 0 to 59, got "61" in "61 * * * *"',
    ],
    [
      { cron: ['0 0 * * *', '* *'] },
      'cron[1]: expected 5 fields (minute hour day-of-month month day-of-week)',
    ],
    [{ cron: '0 0 * * MON#2' }, 'cron: the n-th weekday is not known'],
    [{ cron: '0 0 ? * *' }, 'cron: write * for ?'],
    [{ cron: '0 0 L * *' }, 'cron: day of month: expected'],
    [{ cron: '0 0 30 2 *' }, 'never comes'],
    [{ cron: 'TZ=UTC 0 0 * * *' }, 'cron: give the time zone as timezone'],
    [{ cron: '@every 5m' }, 'cron: give an interval as every'],
    [{ cron: '@reboot' }, 'cron: expected one of @yearly'],
    [{ cron: 5 }, 'cron: expected a cron expression such as "0 2 * * *", got 5'],
    [
      { cron: '0 2 * * *', timezone: 'Europe/Zürich' },
      'timezone: expected an IANA time zone such as "Europe/Zurich", got "Europe/Zürich"; did you mean "Europe/Zurich"?',
    ],
    [{ cron: '0 2 * * *', timezone: '+01:00' }, 'timezone: expected an IANA time zone'],
    [{ every: '0s' }, 'every: expected whole seconds, at least "1s", got "0s"'],
    [{ every: 'often' }, 'every: expected a duration such as "5s"'],
    [{ every: { every: '1h', offset: '2h' } }, 'every: expected an offset below the interval'],
    [{ at: 'tomorrow' }, 'at: expected an ISO time with an offset'],
    [{ at: '2027-02-31T08:00:00Z' }, 'at: expected an ISO time with an offset'],
    [
      { at: '2027-01-31T08:00:00' },
      'at: expected an ISO time with an offset, or a timezone to read it in',
    ],
    [{ at: '2020-01-31T08:00:00Z' }, 'at: has passed'],
    [
      { at: '2027-03-28T02:30', timezone: 'Europe/Zurich' },
      'at: the clocks of Europe/Zurich never show',
    ],
    [
      { at: '2027-10-31T02:30', timezone: 'Europe/Zurich' },
      'at: the clocks of Europe/Zurich show twice',
    ],
    [{ calendar: { hours: 9 } }, 'calendar.hours: unknown field "hours" (did you mean "hour"?)'],
    [
      { calendar: [{ hour: 24 }] },
      'calendar[0].hour: expected a value, range ("a-b") or step ("*/n") of 0 to 23, got 24',
    ],
    [{ calendar: '9:00' }, 'calendar: expected fields such as { hour: 9, dayOfWeek: "MON-FRI" }'],
    [{}, '(root): says no times: give cron, every, calendar or at'],
    [{ every: '1h', endAt: '2020-01-01T00:00:00Z' }, 'endAt: expected a time to come'],
    [{ every: '1h', jitter: -1 }, 'jitter: expected a duration'],
  ] as [object, string][])('refuses %j and says why', (times, message) => {
    expect(faultsOf(times)).toContain(message);
  });

  it.each([
    '0 2 * * *',
    '*/15 9-17/2 1,15 JAN-mar Monday-FRI',
    '5/10 * * * *',
    '0 0 29 2 *',
    '0 0 1 1 * 2030',
    '30 0 0 1 1 * 2030-2040/2',
    '0 0 * * 5-7',
    '@Weekly',
  ])('takes the cron expression %s', (cron) => {
    expect(faultsOf({ cron })).toBe('');
  });

  it('tells every fault at once, each at its place', () => {
    const times = { cron: ['x', '* * * * *'], every: [1, '1h'], timezone: 'Mars', jitter: 'no' };
    const faults: Fault[] = [];
    parseTimes(times, now, faults);
    expect(faults.map(({ path }) => path)).toEqual(['timezone', 'cron[0]', 'every[0]', 'jitter']);
  });

  it('makes of a time in a zone the calendar that its clocks show', () => {
    const { calendars } = parseTimes(
      { at: '2027-07-01T00:30:00Z', timezone: 'America/New_York' },
      now,
      [],
    );
    expect(calendars).toMatchObject([
      {
        fields: { dayOfMonth: [{ start: 30 }], month: [{ start: 6 }], hour: [{ start: 20 }] },
        comment: 'at: 2027-07-01T00:30:00Z',
      },
    ]);
  });
});
