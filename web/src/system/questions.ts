/** What may be done about limits, circuits and kept results, as questions to confirm. */
import type { CircuitRecord } from '../../../src/client/circuits.js';
import type { LimitRecord } from '../../../src/client/limits.js';
import { accepted } from '../actions.js';
import { api } from '../api.js';
import type { Field, Question } from '../dialog.js';
import { Y } from '../strings/system.js';

const REASON: Field = { name: 'reason', label: Y.reason, kind: 'line' };
const PROJECT: Field = { name: 'project', label: Y.project, kind: 'line' };
/** As the server has it: `LIMIT_MOST`. */
const MOST_PLACES = 10_000;

export function changeLimit({ key, project, max }: LimitRecord): Question {
  const places: Field = { name: 'max', label: Y.newMax, kind: 'number', required: true };
  return {
    ...{ title: Y.changeLimit(key), text: Y.changeText, verb: Y.change },
    fields: [{ ...places, value: max, from: 1, to: MOST_PLACES }, REASON],
    run: (values) => accepted(api.setLimit(key, project, values)),
  };
}

/** As graphs and settings define it. */
export function resetLimit({ key, project, defined }: LimitRecord): Question {
  return {
    ...{ title: Y.changeLimit(key), text: Y.backToText, verb: Y.backTo(defined) },
    fields: [REASON],
    run: (values) => accepted(api.setLimit(key, project, { ...values, max: defined })),
  };
}

export function switchCircuit(
  { name, project }: Pick<CircuitRecord, 'name' | 'project'>,
  verb: 'open' | 'close',
): Question {
  const isOpening = verb === 'open';
  return {
    title: isOpening ? Y.openCircuit(name) : Y.closeCircuit(name),
    text: isOpening ? Y.openText : Y.closeText,
    verb: Y[verb],
    dangerous: isOpening,
    fields: [REASON],
    run: async (values) => void (await api.switchCircuit(name, project, verb, values)),
  };
}

/** One that has seen no failure is in no list. */
export const openAnyCircuit: Question = {
  ...{ title: Y.openOneTitle, text: Y.openText, verb: Y.open, dangerous: true },
  fields: [{ name: 'name', label: Y.name, kind: 'line', required: true }, PROJECT, REASON],
  run: async ({ name, project, ...why }) =>
    void (await api.switchCircuit(String(name), textOf(project), 'open', why)),
};

export function forgetResults(onDone: (invalidated: number) => void): Question {
  return {
    ...{ title: Y.forgetTitle, text: Y.forgetText, verb: Y.forgetVerb, dangerous: true },
    fields: [
      { name: 'task', label: Y.task, kind: 'line' },
      { name: 'version', label: Y.taskVersion, kind: 'line' },
      ...[PROJECT, REASON],
    ],
    run: async (values) => onDone((await api.invalidateCache(values)).invalidated),
  };
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
