/** What may be asked of a schedule, as questions to confirm. */
import type { ScheduleRecord } from '../../../src/client/schedule-record.js';
import { Problem } from '../api.js';
import type { Field, Question } from '../dialog.js';
import { go, linkTo } from '../route.js';
import { S } from '../strings/page.js';
import { C, OVERLAP_WORDS } from '../strings/schedules.js';
import { schedules } from './calls.js';

/** What was done, to be told beside the schedule. */
export interface Told {
  text: string;
  executionId?: string;
}

const REASON: Field = { name: 'reason', label: S.reason, kind: 'line' };
const SPAN: Field[] = [
  { name: 'from', label: C.from, kind: 'line', required: true },
  { name: 'to', label: C.to, kind: 'line', required: true },
];

type Verb = 'change' | 'pause' | 'resume' | 'trigger' | 'backfill' | 'delete';
const WORDS: Record<Verb, string> = {
  change: C.change,
  pause: S.pause,
  resume: S.resume,
  trigger: C.trigger,
  backfill: C.backfill,
  delete: C.delete,
};

export function scheduleActions(
  { id, paused, timezone, overlap }: ScheduleRecord,
  tell: (told: Told | undefined) => void,
): Question[] {
  const question = (verb: Verb, run: Question['run'], before: readonly Field[] = []): Question => ({
    ...{ title: `${WORDS[verb]}: ${id}`, text: C.ask[verb], verb: WORDS[verb] },
    ...{ fields: [...before, REASON], run },
  });
  const switched = paused ? 'resume' : 'pause';
  const now: Record<string, unknown> = { timezone, overlap };
  const times: Field[] = [
    { name: 'cron', label: C.newCron, kind: 'line' },
    { name: 'every', label: C.newEvery, kind: 'line' },
    { name: 'timezone', label: C.zone, kind: 'line', value: timezone },
    {
      ...{ name: 'overlap', label: C.overlap, kind: 'choice', value: overlap },
      options: Object.entries(OVERLAP_WORDS),
    },
  ];
  return [
    question('trigger', async (values) => tell(await triggered(id, values))),
    question(
      'change',
      async (values) => {
        // Only what is another: somebody else may have changed the rest meanwhile.
        const said = Object.entries(values).filter(([name, value]) => now[name] !== value);
        if (said.every(([name]) => name === REASON.name))
          throw new Problem(400, 'INVALID', C.nothingToChange);
        await schedules.change(id, Object.fromEntries(said));
        tell({ text: C.changedNow });
      },
      times,
    ),
    question(switched, async (values) => {
      await schedules[switched](id, values);
      tell(undefined);
    }),
    question(
      'backfill',
      async (values) => {
        const { times } = await schedules.backfill(id, values);
        tell({ text: C.backfilled(times.length) });
      },
      SPAN,
    ),
    {
      ...question('delete', async (values) => {
        await schedules.delete(id, values);
        go(linkTo(['schedules']));
      }),
      dangerous: true,
    },
  ];
}

/** That nothing was started is a problem to show, not an answer. */
async function triggered(id: string, values: Record<string, unknown>): Promise<Told> {
  const { outcome, executionId } = await schedules.trigger(id, values);
  if (outcome === 'skipped') throw new Problem(409, 'SKIPPED', C.skipped);
  return { text: outcome === 'started' ? C.started : C.waits, executionId };
}
