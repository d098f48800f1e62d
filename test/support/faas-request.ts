/** Requests for functions, as the pipeline of an attempt would make them. */
import type { FaasSpec } from '../../src/domain/program.js';
import { FaasSchema, limitsOf } from '../../src/domain/program.js';
import type { Json } from '../../src/domain/json.js';
import type { RegisteredTask } from '../../src/registry.js';
import type { TaskContext } from '../../src/task-context.js';
import type { ProgramRequest } from '../../src/runners/program.js';

export const DEADLINE = new Date('2031-02-03T04:05:06.789Z');

export interface RequestParts {
  input?: Json;
  env?: Record<string, string>;
  maxOutputBytes?: number;
  context?: Partial<TaskContext>;
}

/** @param faas checked as a pipeline's would be */
export function faasRequest(
  faas: FaasSpec,
  { input = null, env = {}, maxOutputBytes = 32 * 2 ** 20, context = {} }: RequestParts = {},
): ProgramRequest {
  const none = (): void => undefined;
  return {
    task: { definition: { name: 'called', run: none } } as unknown as RegisteredTask,
    input,
    program: {
      program: { kind: 'faas', faas: FaasSchema.parse(faas) },
      ...{ input, env, limits: limitsOf(), level: 'LOW' as const, network: [] },
      ...{ maxOutputBytes, maxArtifactBytes: 2 ** 20 },
    },
    context: {
      ...{ signal: new AbortController().signal, attempt: 2, maxRetries: 3, deadline: DEADLINE },
      ...{ executionId: 'order-7/charge', graphId: 'order-7', nodeId: 'charge', task: 'called' },
      priority: 'MEDIUM',
      ...{ idempotencyKey: 'order-7/charge', project: undefined, sessionId: undefined },
      catalogueTaskId: undefined,
      ...{ metadata: {}, outputs: {}, log: { debug: none, info: none, warn: none, error: none } },
      ...{ progress: none, checkpoint: none, lastCheckpoint: () => undefined, metric: none },
      ...{ artifact: () => Promise.reject(new Error('no artifacts here')), warn: none },
      readArtifact: () => Promise.reject(new Error('no artifacts here')),
      ...context,
    },
  };
}

/** What a promise is rejected with. */
export async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it was expected to fail');
}
