/** Finds a task in the module that defines it. In a thread or process of its own, where nothing is loaded yet. */
import { isMainThread } from 'node:worker_threads';
import { messageOf, TaskError } from '../domain/errors.js';
import { didYouMean } from '../domain/suggest.js';
import { defineTask, isTask, type AnyTask, type TaskDefinition } from '../registry.js';

/**
 * The definition of this name that a module exports: as `default`, by name, alone or in arrays.
 *
 * @param module a `file:` URL; TypeScript is compiled on the way
 * @throws TaskError CONFIGURATION when the module cannot be loaded or exports no such task
 */
export async function findTask(module: string, name: string): Promise<TaskDefinition<unknown>> {
  const found = tasksOf(await load(module, name));
  const task = found.find((one) => one.name === name);
  if (task) return defineTask(task as TaskDefinition<unknown>);
  const names = [...new Set(found.map((one) => one.name))];
  const near = didYouMean(name, names);
  throw new TaskError(
    'CONFIGURATION',
    `task ${JSON.stringify(name)}: its module ${module} ${
      names.length === 0 ? 'exports no task' : `exports only ${list(names)}`
    }${near ? `, ${near}` : ''}; export what defineTask() gives`,
  );
}

const SHOWN = 8;

function list(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map((name) => JSON.stringify(name));
  return `${shown.join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`;
}

async function load(module: string, name: string): Promise<unknown> {
  try {
    if (/\.[cm]?tsx?$/.test(new URL(module).pathname)) await registerTypeScript();
    return await import(module);
  } catch (error) {
    throw new TaskError(
      'CONFIGURATION',
      `task ${JSON.stringify(name)}: its module ${module} cannot be loaded: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

let registered: Promise<void> | undefined;

/** tsx on the command line works in a process, but in a thread only through its API. */
async function registerTypeScript(): Promise<void> {
  const inForce = isMainThread && process.execArgv.some((flag) => /\btsx\b/.test(flag));
  registered ??= inForce
    ? Promise.resolve()
    : (async () => {
        const [commonJs, modules] = await Promise.all([
          import('tsx/cjs/api'),
          import('tsx/esm/api'),
        ]);
        commonJs.register();
        modules.register();
      })();
  await registered;
}

/** Tasks among a module's exports; a CommonJS module has them one level down, in `default`. */
function tasksOf(value: unknown, depth = 0): AnyTask[] {
  if (isTask(value)) return [value];
  if (depth > 2 || typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((inner) => tasksOf(inner, depth + 1));
}
