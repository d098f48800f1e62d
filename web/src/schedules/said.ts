/** What was typed into the form of a schedule, and what is sent of it. Pure. */
import type { Overlap } from '../../../src/client/schedule-options.js';
import { parseJson } from '../dialog.js';
import { S } from '../strings/page.js';

export interface Said {
  id: string;
  way: 'pipeline' | 'yaml' | 'task';
  pipeline: string;
  yaml: string;
  task: string;
  input: string;
  project: string;
  by: 'cron' | 'every';
  cron: string;
  every: string;
  timezone: string;
  overlap: Overlap;
  pauseOnFailure: boolean;
  paused: boolean;
  reason: string;
}

export const unsaid = (pipeline: string): Said => ({
  ...{ id: '', way: 'pipeline', pipeline, yaml: '', task: '', input: '', project: '' },
  ...{ by: 'cron', cron: '', every: '', timezone: ownZone() },
  ...{ overlap: 'skip', pauseOnFailure: false, paused: false, reason: '' },
});

/** The zone of whoever looks at the page. */
export const ownZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** When; undefined until something is typed. */
export function timesOf({ by, timezone, ...said }: Said): Record<string, string> | undefined {
  const text = said[by].trim();
  if (text === '') return undefined;
  return { [by]: text, ...(timezone.trim() === '' ? {} : { timezone: timezone.trim() }) };
}

/** What is sent, or what is wrong with what was typed. */
export function requestOf(
  said: Said,
  params: Record<string, unknown>,
): Record<string, unknown> | string {
  const { way, overlap, pauseOnFailure, paused } = said;
  const texts = { project: said.project.trim(), reason: said.reason.trim() };
  const own = way === 'task' ? inputOf(said.input) : { params };
  if (typeof own === 'string') return own;
  return {
    ...{ id: said.id.trim(), [way]: way === 'yaml' ? said.yaml : said[way].trim() },
    ...own,
    ...timesOf(said),
    ...{ overlap, pauseOnFailure, paused },
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== '')),
  };
}

function inputOf(text: string): { input?: unknown } | string {
  if (text.trim() === '') return {};
  const parsed = parseJson(text);
  return 'wrong' in parsed ? S.notJson(parsed.wrong) : { input: parsed.value };
}
