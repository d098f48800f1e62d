import { TaskEngine, type EngineOptions } from './engine.js';

let shared: Promise<TaskEngine> | undefined;

/**
 * The process's one engine, connected by the first call; later calls give the same, whatever their options. After its
 * `shutdown` the next call connects a new one.
 *
 * @throws TaskError UNREACHABLE | CONFIGURATION
 */
export async function getTaskEngine(options: EngineOptions = {}): Promise<TaskEngine> {
  return await (shared = reuse(shared, options));
}

async function reuse(
  before: Promise<TaskEngine> | undefined,
  options: EngineOptions,
): Promise<TaskEngine> {
  const engine = await before?.catch(() => undefined);
  return engine && !engine.isShutDown ? engine : await TaskEngine.connect(options);
}
