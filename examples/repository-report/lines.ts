/** Lines per language in a list of files. */
import path from 'node:path';
import { z } from 'zod';
import { languageOf } from './languages.js';
import { readTrackedFile } from './tracked-file.js';

/** Larger files are skipped: data and bundles, rarely written by people. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** git looks for a NUL in as many bytes to tell a binary file. */
const BINARY_CHECK_BYTES = 8_000;

const LanguageLinesSchema = z.strictObject({
  language: z.string(),
  files: z.int(),
  lines: z.int(),
});
export type LanguageLines = z.infer<typeof LanguageLinesSchema>;

export const LineCountsSchema = z.strictObject({
  /** The most lines first. */
  languages: z.array(LanguageLinesSchema),
  /** How many files were not counted, by reason; `notAFile` is a symbolic link or a submodule. */
  skipped: z.strictObject({
    binary: z.int(),
    tooLarge: z.int(),
    unreadable: z.int(),
    notAFile: z.int(),
  }),
});
export type LineCounts = z.infer<typeof LineCountsSchema>;
type Skipped = keyof LineCounts['skipped'];

export interface CountOptions {
  signal?: AbortSignal | undefined;
  onFile?: (done: number, total: number) => void;
}

/**
 * Counts the lines of `files`, which are relative to `root`.
 *
 * @throws the signal's reason when it is aborted, and the error of a disk that fails
 */
export async function countLines(
  root: string,
  files: string[],
  { signal, onFile }: CountOptions = {},
): Promise<LineCounts> {
  const languages = new Map<string, LanguageLines>();
  const skipped = { binary: 0, tooLarge: 0, unreadable: 0, notAFile: 0 };
  for (const [index, file] of files.entries()) {
    signal?.throwIfAborted();
    const content = await readTrackedFile(path.join(root, file), MAX_FILE_BYTES);
    if (typeof content === 'string') skipped[content] += 1;
    else if (content.subarray(0, BINARY_CHECK_BYTES).includes(0)) skipped.binary += 1;
    else {
      const language = languageOf(file);
      add(languages, { language, files: 1, lines: linesIn(content) });
    }
    onFile?.(index + 1, files.length);
  }
  return { languages: byLines(languages), skipped };
}

/** The counts of several slices as one. */
export function addCounts(slices: LineCounts[]): LineCounts {
  const languages = new Map<string, LanguageLines>();
  const skipped = { binary: 0, tooLarge: 0, unreadable: 0, notAFile: 0 };
  for (const slice of slices) {
    for (const counted of slice.languages) add(languages, counted);
    for (const reason of Object.keys(skipped) as Skipped[])
      skipped[reason] += slice.skipped[reason];
  }
  return { languages: byLines(languages), skipped };
}

/** Line ends, and one more when the last line has none. */
export function linesIn(content: Uint8Array): number {
  let lines = 0;
  for (let at = content.indexOf(10); at !== -1; at = content.indexOf(10, at + 1)) lines += 1;
  return content.length > 0 && content.at(-1) !== 10 ? lines + 1 : lines;
}

function add(languages: Map<string, LanguageLines>, counted: LanguageLines): void {
  const { language } = counted;
  const sum = languages.get(language) ?? { language, files: 0, lines: 0 };
  sum.files += counted.files;
  sum.lines += counted.lines;
  languages.set(language, sum);
}

function byLines(languages: Map<string, LanguageLines>): LanguageLines[] {
  return [...languages.values()].sort(
    (a, b) => b.lines - a.lines || (a.language < b.language ? -1 : 1),
  );
}
