/** The effective options of a node, each with where it comes from. */
import type { Compensate } from './compensation.js';
import type { NodeKind } from './node-kind.js';
import { OPTION_LAYERS, strongest, type Layers } from './option-layers.js';
import type { NodeClass, PlanNode } from './plan.js';
import { mergeRetry } from './retry-options.js';
import type { TaskOptions } from './spec.js';

/** Who said it; `library` where nobody did. */
export type OptionOrigin = (typeof OPTION_LAYERS)[number] | 'library';

/** An option as it is in force. Times are milliseconds. */
export interface NodeOption {
  value: unknown;
  from: OptionOrigin;
}

/** By name, as in a spec; of the retry policy `retry.strategy` and so on, those fields that are in force. */
export type NodeOptions = Record<string, NodeOption>;

/** The options that a class always has, by their names in a spec. */
const ALWAYS = {
  priority: 'priority',
  timeout: 'timeoutMs',
  totalTimeout: 'totalTimeoutMs',
  heartbeatTimeout: 'heartbeatTimeoutMs',
  queueTimeout: 'queueTimeoutMs',
  queue: 'queue',
  maxLostWorkers: 'maxLostWorkers',
} as const satisfies Partial<Record<keyof TaskOptions, keyof NodeClass>>;

/** Those that are shown where somebody said something. */
const SAID = [
  'limit',
  'circuit',
  'cache',
  'result',
  'onUnknown',
  'light',
  'isolation',
  'resources',
  'security',
  'expectedDuration',
] as const;

/** The same, of nodes of every kind. */
const OF_ANY = ['compensate', 'metadata', 'tags'] as const;

/** The fields of a policy, by their names in a spec. */
const RETRY = {
  strategy: 'strategy',
  maxRetries: 'maxRetries',
  delay: 'delayMs',
  delays: 'delaysMs',
  factor: 'factor',
  maxDelay: 'maxDelayMs',
  jitter: 'jitter',
  retryOn: 'retryOn',
  neverRetryOn: 'neverRetryOn',
  unknownErrors: 'unknownErrors',
  byError: 'byError',
} as const;

/** Where each of a node's options comes from: found in the same layers, by the same rule, as the options themselves. */
export function nodeOptions(settled: NodeClass, layers: Layers, kind: NodeKind): NodeOptions {
  const priority = originOf(strongest(layers, 'priority'));
  // Of a node that is not tried itself nothing else means anything.
  if (kind === 'graph' || kind === 'approval')
    return { priority: { value: settled.priority, from: priority }, ...ofAny(layers) };
  const options: NodeOptions = {};
  for (const [name, field] of Object.entries(ALWAYS))
    options[name] = {
      value: settled[field],
      from: originOf(strongest(layers, name as keyof typeof ALWAYS)),
    };
  for (const name of SAID) {
    const index = strongest(layers, name);
    const value = layers[index]?.[name];
    if (value !== undefined) options[name] = { value, from: originOf(index) };
  }
  Object.assign(options, ofAny(layers));
  const { circuit } = settled;
  if (circuit?.own) options['circuit'] = { value: circuit.name, from: 'library' };
  const { from } = mergeRetry(layers.map((layer) => layer?.retry));
  for (const [name, field] of Object.entries(RETRY)) {
    const value = settled.retry[field];
    if (value === undefined || !inForce(settled, name)) continue;
    const index = from.get(name as keyof typeof RETRY) ?? -1;
    options[`retry.${name}`] = { value, from: originOf(index) };
  }
  return options;
}

function ofAny(layers: Layers): NodeOptions {
  const options: NodeOptions = {};
  for (const name of OF_ANY) {
    const index = strongest(layers, name);
    const value = layers[index]?.[name];
    if (value === undefined) continue;
    const said = name === 'compensate' ? shortly(value as Compensate | false) : value;
    options[name] = { value: said, from: originOf(index) };
  }
  return options;
}

/** A task without more by its name alone, as it may be written. */
function shortly(compensate: Compensate | false): unknown {
  if (!compensate) return compensate;
  const { task, ...rest } = compensate;
  return task !== undefined && Object.keys(rest).length === 0 ? task : compensate;
}

/** What a node says of when it runs and what its failure means, where that is not what holds of all. */
export function flowOptions({ trigger, allowFailure, runsOnCancel }: PlanNode): NodeOptions {
  const said = {
    ...(trigger === undefined ? {} : { trigger }),
    ...(allowFailure ? { allowFailure } : {}),
    ...(runsOnCancel ? { onCancel: 'run' } : {}),
  };
  return Object.fromEntries(
    Object.entries(said).map(([name, value]) => [name, { value, from: 'node' }]),
  );
}

const originOf = (index: number): OptionOrigin => OPTION_LAYERS[index] ?? 'library';

/** A field that says nothing under the policy's strategy is not shown. */
function inForce({ retry }: NodeClass, name: string): boolean {
  const { strategy } = retry;
  const waits = strategy !== 'NONE' && strategy !== 'IMMEDIATE';
  switch (name) {
    case 'delay':
      return waits && strategy !== 'DELAY_LIST';
    case 'factor':
      return strategy === 'EXPONENTIAL_BACKOFF';
    case 'maxDelay':
      return strategy === 'EXPONENTIAL_BACKOFF' || strategy === 'FIBONACCI_BACKOFF';
    case 'jitter':
      return waits;
    case 'neverRetryOn':
      return retry.neverRetryOn.length > 0;
    default:
      return true;
  }
}
