/** Where the crons of other tools mean something else than those of a schedule here. */

/** What is said of a cron that `namesBothDays`. */
export const BOTH_DAYS =
  'a cron here runs on days that are both the day of the month and the day of the week, there on days that are either: make a --cron of each';

/** True for a cron that bounds day of month and day of week. */
export function namesBothDays(cron: string): boolean {
  const fields = cron.trim().split(/\s+/);
  return fields.length === 5 && [2, 4].every((at) => !/^[*?]/.test(fields[at] ?? '*'));
}
