/**
 * Who changed what: the newest commits of a repository, read as a stream.
 *
 * H1. A file that was renamed is counted under its newest name.
 * H2. Merges are left out: what they bring was counted where it was made.
 * H3. A repository without commits gives empty lists.
 * H4. What the oldest commits of a shallow clone changed is not known, and not counted.
 */
import { z } from 'zod';
import { git, gitParts, hasCommits, shallowCommits } from './git.js';

const ChangesSchema = z.strictObject({
  commits: z.int(),
  addedLines: z.int(),
  removedLines: z.int(),
});
type Changes = z.infer<typeof ChangesSchema>;

export const HistorySchema = z.strictObject({
  /** Commits that were read. */
  commits: z.int(),
  /** There are older commits: the bound was reached, or the clone is shallow. */
  partial: z.boolean(),
  /** Author's date of the oldest and of the newest commit read, ISO 8601. */
  from: z.string().nullable(),
  to: z.string().nullable(),
  authorCount: z.int(),
  /** The most active, by commits. */
  authors: z.array(ChangesSchema.extend({ name: z.string() })),
  /** The most often changed, by commits. */
  files: z.array(ChangesSchema.extend({ path: z.string() })),
});
export type History = z.infer<typeof HistorySchema>;

export interface HistoryOptions {
  /** At most this many commits, newest first. */
  maxCommits: number;
  /** Length of the two lists. */
  top: number;
  signal?: AbortSignal | undefined;
  onCommit?: (done: number, total: number) => void;
}

/** Authors and files of the newest commits of the repository at `root`. */
export async function readHistory(root: string, options: HistoryOptions): Promise<History> {
  const { maxCommits, top, signal, onCommit } = options;
  if (!(await hasCommits(root, signal))) return new Tally().history(top, false);

  const where = { directory: root, signal };
  const found = Number(
    await git(
      ['rev-list', '--count', '--no-merges', `--max-count=${maxCommits + 1}`, 'HEAD', '--'],
      where,
    ),
  );

  const shallow = await shallowCommits(root, signal);
  const tally = new Tally(shallow);
  const total = Math.min(found, maxCommits);
  for await (const entry of readLog(gitParts(logArguments(maxCommits), where))) {
    tally.add(entry);
    if (entry.kind === 'commit') onCommit?.(tally.commits, total);
  }
  return tally.history(top, shallow.size > 0 || found > maxCommits);
}

/** A line of the log: a commit, or a file that the last commit changed (lines are 0 in a binary file). */
export type LogEntry =
  | { kind: 'commit'; hash: string; author: string; date: string }
  | { kind: 'file'; path: string; renamedFrom?: string; addedLines: number; removedLines: number };

// Said in full, so that the user's own git configuration changes nothing.
function logArguments(maxCommits: number): string[] {
  const shape = ['-z', '--numstat', '--find-renames', '--format=commit %H%x00%aN%x00%aI'];
  const without = ['--no-merges', '--no-show-signature', '--no-ext-diff', '--no-textconv'];
  return [
    '-c',
    'log.showRoot=true',
    'log',
    `--max-count=${maxCommits}`,
    ...shape,
    ...without,
    'HEAD',
    '--',
  ];
}

/**
 * Entries of `git log -z --numstat` in the format above.
 *
 * A part is never guessed by its look alone, so that a name may hold anything: after `commit <hash>` come author and
 * date, and after a `<added> TAB <removed> TAB` without a path come the two paths of a rename.
 */
export async function* readLog(parts: AsyncIterable<string>): AsyncGenerator<LogEntry> {
  const iterator = parts[Symbol.asyncIterator]();
  const next = async () => {
    const result = await iterator.next();
    return result.done ? undefined : result.value;
  };
  for (let part = await next(); part !== undefined; part = await next()) {
    if (part.startsWith('commit ')) {
      const hash = part.slice('commit '.length);
      yield { kind: 'commit', hash, author: (await next()) ?? '', date: (await next()) ?? '' };
      continue;
    }
    // The first file of a commit follows a line end. `-` stands for a number in a binary file.
    const [, added, removed, path] = /^\n?(\d+|-)\t(\d+|-)\t(.*)$/s.exec(part) ?? [];
    if (path === undefined)
      throw new Error(`git log: unexpected ${JSON.stringify(part.slice(0, 80))}`);
    const lines = { addedLines: Number(added) || 0, removedLines: Number(removed) || 0 };
    if (path !== '') yield { kind: 'file', path, ...lines };
    else {
      const renamedFrom = (await next()) ?? '';
      yield { kind: 'file', renamedFrom, path: (await next()) ?? '', ...lines };
    }
  }
}

/** Sums over log entries that arrive newest first. */
class Tally {
  commits = 0;
  #author = '';
  #hasFiles = true;
  readonly #shallow: Set<string>;
  #from: string | null = null;
  #to: string | null = null;
  readonly #authors = new Map<string, Changes>();
  readonly #files = new Map<string, Changes>();
  /** Name in older commits → newest name. */
  readonly #renamed = new Map<string, string>();

  /** @param shallow commits whose files are not counted, since it is not known which of them they changed */
  constructor(shallow = new Set<string>()) {
    this.#shallow = shallow;
  }

  add(entry: LogEntry): void {
    if (entry.kind === 'commit') {
      this.commits += 1;
      this.#author = entry.author;
      this.#hasFiles = !this.#shallow.has(entry.hash);
      this.#from = entry.date;
      this.#to ??= entry.date;
      changesOf(this.#authors, entry.author).commits += 1;
      return;
    }
    if (!this.#hasFiles) return;
    const path = this.#renamed.get(entry.path) ?? entry.path;
    if (entry.renamedFrom !== undefined) this.#renamed.set(entry.renamedFrom, path);
    const file = changesOf(this.#files, path);
    file.commits += 1;
    for (const changes of [file, changesOf(this.#authors, this.#author)]) {
      changes.addedLines += entry.addedLines;
      changes.removedLines += entry.removedLines;
    }
  }

  history(top: number, partial: boolean): History {
    return {
      commits: this.commits,
      partial,
      from: this.#from,
      to: this.#to,
      authorCount: this.#authors.size,
      authors: largest(this.#authors, top).map(([name, changes]) => ({ name, ...changes })),
      files: largest(this.#files, top).map(([path, changes]) => ({ path, ...changes })),
    };
  }
}

function changesOf(sums: Map<string, Changes>, key: string): Changes {
  const changes = sums.get(key) ?? { commits: 0, addedLines: 0, removedLines: 0 };
  sums.set(key, changes);
  return changes;
}

function largest(sums: Map<string, Changes>, top: number): [string, Changes][] {
  const byCommits = ([nameA, a]: [string, Changes], [nameB, b]: [string, Changes]) =>
    b.commits - a.commits || (nameA < nameB ? -1 : 1);
  return [...sums].sort(byCommits).slice(0, top);
}
