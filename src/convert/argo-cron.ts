/** When a CronWorkflow runs: a pipeline does not say it, so it is a loss that names the schedule to make. */
import { getOwn, preview } from '../domain/json.js';
import { BOTH_DAYS, namesBothDays } from './cron.js';
import type { Source } from './source.js';

/** What is done about one that still runs. */
const OVERLAP: Readonly<Record<string, string>> = {
  Allow: 'allow-all',
  Forbid: 'skip',
  Replace: 'cancel-other',
};
/** The shortest window of a schedule, in seconds. */
const LEAST_WINDOW_S = 10;

/** Makes a loss of the times of a CronWorkflow's `spec`, with the command that makes a schedule of them. */
export function loseCron(spec: Source): void {
  const [schedule, schedules] = [spec.get('schedule'), spec.get('schedules')];
  const crons = [schedule.text(), ...schedules.items().map((one) => one.text())].filter(
    (cron) => cron !== undefined,
  );
  const zone = spec.get('timezone').text();
  const words = [
    ...crons.map((cron) => `--cron ${preview(cron)}`),
    ...(zone === undefined ? [] : [`--timezone ${zone}`]),
    `--overlap ${overlapOf(spec.get('concurrencyPolicy'))}`,
    `--catchup-window ${windowOf(spec.get('startingDeadlineSeconds'))}`,
    ...(spec.get('suspend').flag() === true ? ['--paused'] : []),
  ];
  (schedule.given ? schedule : schedules).lose(
    `left out; tempograph schedule create ${words.join(' ')} makes it${crons.some(namesBothDays) ? `; ${BOTH_DAYS}` : ''}`,
    'schedule',
  );
}

function overlapOf(policy: Source): string {
  const word = policy.text() ?? 'Allow';
  const known = getOwn(OVERLAP, word);
  if (known !== undefined) return known;
  policy.lose(`expected ${Object.keys(OVERLAP).join(', ')}, got ${preview(word)}; taken as Allow`);
  return 'allow-all';
}

/** Without a deadline nothing that was missed is made up for there. */
function windowOf(deadline: Source): string {
  return `${Math.max(LEAST_WINDOW_S, deadline.number() ?? 0)}s`;
}
