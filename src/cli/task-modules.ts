/** `--tasks FILE`: modules whose `defineTask`s a worker in this process runs. */
import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TaskError } from '../domain/errors.js';
import { defineTask, isTask, type AnyTask, type TaskDefinition } from '../registry.js';
import { collect, option } from './command.js';

export interface TaskModuleOptions {
  tasks?: string[];
}

export const TASKS_OPTION = option(
  '--tasks <file>',
  'module (.ts, .js, .mjs) whose exported tasks run in this process; may be repeated',
  collect,
);

/**
 * The tasks that the modules export: as `default`, by name, alone or in arrays.
 *
 * @throws TaskError CONFIGURATION naming the file
 */
export async function loadTasks(files: readonly string[] = []): Promise<AnyTask[]> {
  const tasks = new Map<AnyTask, AnyTask>(); // as exported, and as checked
  for (const file of files) {
    const found = tasksOf(await load(file));
    if (found.length === 0)
      throw new TaskError(
        'CONFIGURATION',
        `--tasks ${file}: the module exports no task; export what defineTask() gives, or an array of it`,
      );
    for (const task of found) tasks.set(task, tasks.get(task) ?? checked(file, task));
  }
  return [...tasks.values()];
}

function checked(file: string, task: AnyTask): AnyTask {
  try {
    return defineTask(task as TaskDefinition);
  } catch (error) {
    throw new TaskError('CONFIGURATION', `--tasks ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** @throws TaskError CONFIGURATION naming the file that is not there */
export async function assertModules(files: readonly string[] = []): Promise<void> {
  for (const file of files) {
    const found = await stat(resolve(file)).catch(() => undefined);
    if (found?.isFile() !== true)
      throw new TaskError('CONFIGURATION', `--tasks ${file}: there is no such file`);
  }
}

async function load(file: string): Promise<unknown> {
  const path = resolve(file);
  await assertModules([file]);
  if (/^\.[cm]?tsx?$/.test(extname(path))) await registerTypeScript(file);
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = isCommonJs(error) ? COMMON_JS_HINT : '';
    throw new TaskError('CONFIGURATION', `--tasks ${file} cannot be loaded: ${message}${hint}`, {
      cause: error,
    });
  }
}

const COMMON_JS_HINT =
  '; it is loaded as CommonJS, and this package is an ES module: say "type": "module" in the package.json of its folder, or call it .mts or .mjs';

/** True for what comes of a module that imports an ES module, or is one, and is taken for CommonJS. */
function isCommonJs(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (
    code === 'ERR_PACKAGE_PATH_NOT_EXPORTED' ||
    code === 'ERR_REQUIRE_ESM' ||
    /Cannot use import statement|Unexpected token 'export'/.test(String(message))
  );
}

let registered: Promise<void> | undefined;

/**
 * Lets this process import TypeScript, once. Not `tsImport`: it would load this package a second time for the module,
 * and an error class of the one is unknown to the other.
 */
async function registerTypeScript(file: string): Promise<void> {
  registered ??= (async () => {
    const [commonJs, modules] = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')]);
    commonJs.register(); // for a .ts file in a folder whose package.json does not say "type": "module"
    modules.register();
  })();
  try {
    await registered;
  } catch (error) {
    throw new TaskError(
      'CONFIGURATION',
      `--tasks ${file}: TypeScript modules need the package tsx; install it (npm install --save-dev tsx), or give a .js file`,
      { cause: error },
    );
  }
}

/** Tasks among a module's exports; a CommonJS module has them one level down, in `default`. */
function tasksOf(value: unknown, depth = 0): AnyTask[] {
  if (isTask(value)) return [value];
  if (depth > 2 || typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((inner) => tasksOf(inner, depth + 1));
}
