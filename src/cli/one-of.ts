/** Options and parameters that take one of a few words: how they are read, and what is said of any other word. */
import type { Option } from 'commander';
import { didYouMeanValue } from '../domain/suggest.js';
import { UsageError } from './exit.js';

/** For an option that takes one of a few words, in any case and with `-` for `_`; `words` is for the shell's completion. */
export function oneOf<T extends string>(name: string, words: readonly T[]) {
  const parse = (text: string): T => {
    const wanted = text.toUpperCase().replaceAll('-', '_');
    const found = words.find((word) => word === wanted);
    if (found) return found;
    throw notOneOf(name, text, words, wanted);
  };
  return Object.assign(parse, { words });
}

/** An option with `choices`, which takes them as they are written, and names the one that is near. */
export function withNearest(option: Option): Option {
  const { argChoices, long, flags } = option;
  if (!argChoices || option.variadic) return option;
  return option.argParser((text: string) => {
    if (argChoices.includes(text)) return text;
    throw notOneOf(long ?? flags, text, argChoices);
  });
}

/** @param wanted what was given, written as the words are */
export function notOneOf(
  name: string,
  text: string,
  words: readonly string[],
  wanted = text,
): UsageError {
  const hint = didYouMeanValue(wanted, words);
  return new UsageError(
    `${name}: expected one of ${words.join(', ')}, got ${JSON.stringify(text)}${hint ? ` (${hint})` : ''}`,
  );
}
