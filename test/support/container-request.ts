/** Requests to run a program in a container, and what came of them, without a worker around. */
import type { ContainerSpec, Limits } from '../../src/domain/program.js';
import type { Json } from '../../src/domain/json.js';
import type { RegisteredTask } from '../../src/registry.js';
import type { TaskContext } from '../../src/task-context.js';
import { readFile } from 'node:fs/promises';
import type { ProgramRun, RunOptions, RunOutcome, RunRequest } from '../../src/runners/runner.js';
import { BUSYBOX } from './docker.js';

const MI = 2 ** 20;
export const LIMITS: Limits = {
  cpu: 1,
  memoryBytes: 64 * MI,
  diskBytes: 32 * MI,
  processes: 32,
  logBytes: MI,
};

export interface Ask {
  spec?: Partial<ContainerSpec>;
  /** A shell's, instead of a command. */
  script?: string;
  input?: Json;
  limits?: Partial<Limits>;
  program?: Partial<ProgramRun>;
  context?: Partial<TaskContext>;
}

/** What a program left with its context. */
export interface Kept {
  artifacts: Map<string, Buffer>;
  warnings: unknown[];
}

let number = 0;

/** A request with a node of its own, unless the context says another. */
export function request({ spec, script, input, limits, program, context }: Ask = {}): {
  request: RunRequest;
  kept: Kept;
} {
  const executionId = `graph-${process.pid}/node-${++number}`;
  const kept: Kept = { artifacts: new Map(), warnings: [] };
  const command = script === undefined ? {} : { command: ['sh', '-c', script] };
  return {
    kept,
    request: {
      task: { definition: { name: 'a-container' } } as RegisteredTask,
      input: input ?? null,
      context: {
        attempt: 1,
        executionId,
        graphId: 'graph-1',
        nodeId: 'node',
        idempotencyKey: executionId,
        deadline: new Date(Date.now() + 300_000),
        log: { warn: (...said: unknown[]) => void kept.warnings.push(said) },
        artifact: async (name: string, path: string) => {
          kept.artifacts.set(name, await readFile(path));
        },
        ...context,
      } as unknown as TaskContext,
      program: {
        program: { kind: 'container', container: { image: BUSYBOX, ...command, ...spec } },
        input: input ?? null,
        limits: { ...LIMITS, ...limits },
        level: 'MEDIUM',
        network: [],
        env: {},
        maxOutputBytes: 32 * MI,
        maxArtifactBytes: 8 * MI,
        ...program,
      },
    },
  };
}

export interface Ran {
  outcome?: RunOutcome;
  error?: { code?: string; name: string; message: string; details?: unknown; retriable?: boolean };
  stdout: string;
  stderr: string;
  kept: Kept;
}

/** Runs one to its end, whichever that is. */
export async function ran(
  runner: { run(request: RunRequest, options: RunOptions): Promise<RunOutcome> },
  ask: Ask,
  { signal, onOutput }: Partial<RunOptions> = {},
): Promise<Ran> {
  const { request: asked, kept } = request(ask);
  const said = { stdout: '', stderr: '' };
  const result: Ran = { ...said, kept };
  try {
    result.outcome = await runner.run(asked, {
      signal: signal ?? new AbortController().signal,
      onOutput: (stream, text) => {
        said[stream] += text;
        onOutput?.(stream, text);
      },
    });
  } catch (error) {
    result.error = error as NonNullable<Ran['error']>;
  }
  return { ...result, ...said };
}
