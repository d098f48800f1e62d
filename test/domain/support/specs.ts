/** Specs for tests: a valid one, and what is wrong with another. */
import { formatFaults, type Fault, type FaultCode } from '../../../src/domain/fault.js';
import type { GraphSpec } from '../../../src/domain/spec.js';
import { validateGraph, type KnownTasks } from '../../../src/domain/validate.js';

/** A node that is valid by itself. */
export const node = (id: string, more: object = {}): GraphSpec['tasks'][number] => ({
  id,
  task: 'load',
  ...more,
});

/** A valid graph, but for what is said. */
export const graph = (more: object = {}): object => ({
  name: 'orders',
  tasks: [node('a'), node('b', { dependsOn: ['a'] })],
  ...more,
});

/** A graph of one node with these fields. */
export const lone = (fields: object): object => graph({ tasks: [node('a', fields)] });

/** What a worker would say of its tasks and hooks. */
export const KNOWN: KnownTasks = {
  names: ['load', 'transform', 'store-result'],
  hooks: { pre: ['audit', 'notify'], post: ['audit', 'notify'] },
  checkInput: (task, input) =>
    task === 'transform' && typeof input !== 'object' ? ['rows: expected array'] : [],
};

export const faultsOf = (spec: unknown, submission?: unknown, tasks: KnownTasks = KNOWN): Fault[] =>
  validateGraph(spec, submission, tasks).faults;

/** Each fault's place and code: `tasks[0].id DUPLICATE_ID`. */
export const places = (faults: readonly Fault[]): string[] =>
  faults.map(({ path, code }) => `${path} ${code}`);

/** A bad spec: its title, the spec, the one place and code that its fault names, and what the fault says. */
export type BadSpec = [title: string, spec: unknown, place: `${string} ${FaultCode}`, says: RegExp];

/** The faults in words, hints included. */
export const inWords = (faults: readonly Fault[]): string => formatFaults(faults);
