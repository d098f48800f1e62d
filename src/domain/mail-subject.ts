/** The subject of a mail, as it is written in the settings: text with `{title}` and so on in it. */
import { didYouMean } from './suggest.js';
import { cut } from './visible-text.js';

export const SUBJECT_WORDS = [
  'title',
  'name',
  'status',
  'event',
  'executionId',
  'project',
] as const;
export type SubjectWord = (typeof SUBJECT_WORDS)[number];

const PLACE = /\{(\w+)\}/g;
/** Longer ones are cut: beyond it mail programs show nothing. */
const MOST = 200;

/** What is wrong with a subject; undefined where nothing is. */
export function subjectFault(subject: string): string | undefined {
  if (/\p{Cc}/u.test(subject)) return 'must be one line';
  for (const [, word = ''] of subject.matchAll(PLACE)) {
    if ((SUBJECT_WORDS as readonly string[]).includes(word)) continue;
    const hint = didYouMean(word, SUBJECT_WORDS);
    return `{${word}} is none of {${SUBJECT_WORDS.join('}, {')}}${hint ? `; ${hint}` : ''}`;
  }
  return undefined;
}

/** The subject with its words put in: one line, whatever they hold. */
export function subjectOf(subject: string, words: Readonly<Record<SubjectWord, string>>): string {
  const text = subject
    .replace(PLACE, (_, word: SubjectWord) => words[word])
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return cut(text, MOST);
}
