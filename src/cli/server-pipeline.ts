/** A pipeline by its name where the pipelines lie on a server. */
import { TaskError } from '../domain/errors.js';
import type { GraphSpec } from '../domain/spec.js';
import { RemoteEngine } from '../remote/remote-engine.js';
import type { CommonOptions } from './command.js';
import type { PipelineSource } from './pipeline-source.js';
import { serverOf } from './server-option.js';

/** Undefined without a server, and for a name that no pipeline of it has: then it is the name of a task. */
export async function serverPipeline(
  name: string,
  options: CommonOptions,
): Promise<PipelineSource | undefined> {
  const server = serverOf(options);
  if (!server) return undefined;
  try {
    const { params, graph, faults = [] } = await new RemoteEngine(server).template(name);
    const spec = graph ?? (null as unknown as GraphSpec); // which nobody reads where it is broken
    return {
      ...{ name, params, faults, spec, graph: spec, broken: graph === undefined },
      locate: (others) => [...others],
    };
  } catch (error) {
    if (error instanceof TaskError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
