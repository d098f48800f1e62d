/** Hooks that an engine adds: functions to the workers of its process, names to the graphs that it schedules. */
import { TaskError } from '../domain/errors.js';
import { preview } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { localRegistries } from '../local-workers.js';
import type { HookDefinition, HookOf } from '../task-hooks.js';

/** A function, `{ name, run }`, or the name of one of a worker's `namedHooks`. */
export type AddedHook<F> = F | HookDefinition<F> | string;

const VERB = { pre: 'addPreExecutionHook', post: 'addPostExecutionHook' } as const;

export class EngineHooks {
  private readonly names = { pre: [] as string[], post: [] as string[] };
  private added = 0;

  /** @param place where the engine's executions run */
  constructor(private readonly place: { namespace: string; taskQueue: string }) {}

  /**
   * @returns takes it off again
   * @throws TaskError CONFIGURATION for what is no hook, and for a function where no worker runs in this process
   */
  add<K extends keyof HookOf>(kind: K, hook: AddedHook<HookOf[K]>): () => void {
    if (typeof hook === 'string') return this.addName(kind, hook);
    const definition = this.definitionOf(kind, hook);
    const { namespace, taskQueue } = this.place;
    const registries = localRegistries(namespace, taskQueue);
    if (registries.length === 0)
      throw new TaskError(
        'CONFIGURATION',
        `${VERB[kind]}: a function runs where the tasks run, and no worker on task queue ${JSON.stringify(taskQueue)} is in this process; start one here first, or give the name of one of a worker's namedHooks`,
      );
    const undo = registries.map((registry) => registry.addHook(kind, definition));
    return () => {
      for (const takeOff of undo) takeOff();
    };
  }

  /** The spec with the names that were added before its own. */
  withNames<S extends Pick<GraphSpec, 'hooks'>>(spec: S): S {
    const { pre, post } = this.names;
    if (pre.length + post.length === 0) return spec;
    const own = spec.hooks ?? {};
    const hooks = { pre: [...pre, ...(own.pre ?? [])], post: [...post, ...(own.post ?? [])] };
    return { ...spec, hooks: { pre: [...new Set(hooks.pre)], post: [...new Set(hooks.post)] } };
  }

  private addName(kind: 'pre' | 'post', name: string): () => void {
    if (name === '') throw new TaskError('CONFIGURATION', `${VERB[kind]}: the name is empty`);
    const names = this.names[kind];
    names.push(name);
    return () => {
      const at = names.indexOf(name);
      if (at >= 0) names.splice(at, 1);
    };
  }

  private definitionOf<K extends keyof HookOf>(
    kind: K,
    hook: HookOf[K] | HookDefinition<HookOf[K]>,
  ): HookDefinition<HookOf[K]> {
    if (typeof hook === 'function')
      return { name: hook.name || `${kind}-${++this.added}`, run: hook };
    if (typeof (hook as Partial<typeof hook> | null)?.run === 'function') return hook;
    throw new TaskError(
      'CONFIGURATION',
      `${VERB[kind]}: expected a function, { name, run } or a hook's name, got ${preview(hook)}`,
    );
  }
}
