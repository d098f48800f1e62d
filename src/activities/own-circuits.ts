/**
 * Circuits that nobody names: of a function's target, which the plan knows, and of this worker's container engine, which
 * only it knows. They live in the store: without one there are none.
 */
import { hostname } from 'node:os';
import { CircuitSettingsSchema, settled, type Circuit } from '../domain/circuit.js';
import type { ErrorRecord } from '../domain/errors.js';
import { getOwn } from '../domain/json.js';
import { engineCircuit } from '../domain/own-circuit.js';
import { isTargetFault } from '../domain/target-fault.js';
import { StoppedError } from '../runners/runner.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';

/** The circuit that a node goes through. */
export interface FoundCircuit {
  circuit: Circuit;
  project: string;
  /** It is this worker's engine's. */
  engine?: true;
}

/** The circuit that a node names, else its target's own. An engine is no project's. */
export function circuitOf(
  { store, settings }: Pick<Deps, 'store' | 'settings'>,
  { circuit, execution, run }: NodeRequest,
): FoundCircuit | undefined {
  if (circuit?.own && !store) return undefined;
  if (circuit) return { circuit, project: execution.project ?? '' };
  if (!store || run?.runner !== 'container' || run.bare) return undefined;
  const { containerEngine, circuits } = settings;
  const name = engineCircuit(containerEngine ?? process.env['DOCKER_HOST'], hostname());
  const said = getOwn(circuits, name) ?? CircuitSettingsSchema.parse({});
  return { circuit: { ...settled(name, said), own: true }, project: '', engine: true };
}

/**
 * What the end of an attempt says of its target: it failed, it works, since the program has run and only that failed, or
 * nothing.
 *
 * @param thrown what became the error
 */
export function ofTarget(
  { code }: ErrorRecord,
  thrown: unknown,
  runner: string | undefined,
): 'failure' | 'success' | undefined {
  if (isTargetFault(thrown)) return 'failure';
  // Nobody answered in time: of a function that is its target's business, of a container its program's.
  if (code === 'TIMEOUT') return runner === 'faas' ? 'failure' : undefined;
  return SAYS_NOTHING.includes(code) || thrown instanceof StoppedError ? undefined : 'success';
}

/** It may never have come as far as the target. */
const SAYS_NOTHING: readonly string[] = ['CONFIGURATION', 'ENVIRONMENT', 'WORKER_LOST', 'ENGINE'];
