/**
 * The git program, as the tasks use it: plain answers, lists that end each name with NUL, and errors that say what to do.
 *
 * Names are read as UTF-8; a byte that is not shows as U+FFFD.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { execa, ExecaError, type Options } from 'execa';

/** The folder cannot be examined, and trying again would not help: `retriable` tells the engine. */
export class RepositoryError extends Error {
  override readonly name = 'RepositoryError';
  readonly retriable = false;
}

/** Where git runs, and what stops it. */
export interface GitOptions {
  directory: string;
  signal?: AbortSignal | undefined;
}

/** What git prints, without the last line end. */
export async function git(args: string[], options: GitOptions): Promise<string> {
  try {
    const { stdout } = await execa('git', args, execaOptions(options));
    return stdout;
  } catch (error) {
    throw explained(error, options);
  }
}

/** The NUL-terminated parts of what git prints, as they arrive: the whole is never held in memory. */
export async function* gitParts(args: string[], options: GitOptions): AsyncGenerator<string> {
  try {
    const child = execa('git', args, {
      ...execaOptions(options),
      buffer: { stdout: false, stderr: true },
    });
    yield* splitAtNul(child.iterable({ binary: true }));
  } catch (error) {
    throw explained(error, options);
  }
}

/** Text between NULs; a last part without its NUL counts unless it is empty. */
export async function* splitAtNul(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\0');
    rest = parts.pop() ?? '';
    yield* parts;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/**
 * Absolute path of the repository that holds `directory`.
 *
 * @throws RepositoryError when the folder or git is missing, or the folder is in no repository
 */
export async function repositoryRoot(directory: string, signal?: AbortSignal): Promise<string> {
  const absolute = path.resolve(directory);
  const isDirectory = await stat(absolute).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isDirectory) throw new RepositoryError(`directory: "${absolute}" is not a folder`);
  return git(['rev-parse', '--show-toplevel'], { directory: absolute, signal });
}

/** Whether HEAD is a commit; in a new repository it is not one yet. */
export async function hasCommits(root: string, signal?: AbortSignal): Promise<boolean> {
  const options = { directory: root, signal };
  const result = await execa('git', ['rev-parse', '--verify', '--quiet', 'HEAD'], {
    ...execaOptions(options),
    reject: false,
  });
  if (result.exitCode === 0) return true;
  if (result.exitCode === 1) return false;
  throw explained(result, options);
}

/** The oldest commits of a shallow clone; empty in a whole one. git takes each of their files for a new one. */
export async function shallowCommits(root: string, signal?: AbortSignal): Promise<Set<string>> {
  const file = await git(['rev-parse', '--git-path', 'shallow'], { directory: root, signal });
  try {
    return new Set((await readFile(path.resolve(root, file), 'utf8')).trim().split('\n'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Set();
    throw error;
  }
}

/** Paths of the tracked files, relative to the root, sorted, each once (a conflict lists one up to three times). */
export async function trackedFiles(root: string, signal?: AbortSignal): Promise<string[]> {
  const files = new Set<string>();
  for await (const file of gitParts(['ls-files', '-z'], { directory: root, signal })) {
    files.add(file);
  }
  return [...files].sort();
}

function execaOptions({ directory, signal }: GitOptions) {
  return {
    cwd: directory,
    env: {
      LC_ALL: 'C',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_TERMINAL_PROMPT: '0',
      // Set where the worker was started by a git hook; they would point git at another repository.
      GIT_DIR: undefined,
      GIT_WORK_TREE: undefined,
      GIT_INDEX_FILE: undefined,
    },
    ...(signal && { cancelSignal: signal }),
  } satisfies Options;
}

function explained(error: unknown, { directory, signal }: GitOptions): unknown {
  signal?.throwIfAborted();
  if (!(error instanceof ExecaError)) return error;
  if (error.code === 'ENOENT') {
    return new RepositoryError(
      'git was not found: install it, or add it to the PATH of the worker',
      {
        cause: error,
      },
    );
  }
  const said = String(error.stderr ?? '').trim();
  if (/not a git repository|must be run in a work tree/.test(said)) {
    return new RepositoryError(
      `directory: "${directory}" is in no git work tree; name a folder of one with --param directory=PATH`,
      { cause: error },
    );
  }
  return new Error(`git failed in "${directory}": ${said || error.shortMessage}`, { cause: error });
}
