/** The words of the system view. */
import type { Isolation } from '../../../src/domain/choose-runner.js';
import type { CircuitRecord } from '../../../src/client/circuits.js';

type Words<K extends string> = Readonly<Record<K, string>>;

const MODES: Words<Isolation> = {
  'in-process': 'inside the worker',
  thread: 'in a thread',
  process: 'in a process',
  container: 'in a container',
  faas: 'as a function',
};
const CIRCUIT_MODES: Words<CircuitRecord['mode']> = {
  closed: 'closed',
  open: 'open',
  half_open: 'half open',
};

export const Y = {
  title: 'System',
  everything: 'All of it as JSON',
  none: 'none',
  unknown: 'not known',
  noProject: 'none',

  facts: 'In short',
  versions: 'Version',
  serverVersion: (version: string) => `Temporal ${version}`,
  noServer: 'Temporal does not answer',
  taskQueue: 'Task queue',
  jobs: 'Executions open',
  closed: (count: number) => `${count} ended`,
  noStore: 'no store',
  answering: 'Workers that answer',
  ofPolling: (count: number) => `of ${count} that poll`,
  running: 'Attempts that run',
  ofSlots: (count: number) => `of ${count} places`,
  warnings: 'What could not be found out',

  queues: 'Queues',
  queuesText: 'Attempts that wait for a worker, by kind of work: estimates of the server.',
  queue: 'Queue',
  workers: 'Workers',
  backlog: 'Waiting',
  age: 'Longest wait',
  added: 'Come in a second',
  dispatched: 'Go in a second',
  nobody: 'nobody takes from it',

  worker: 'Worker',
  noWorker: 'No worker polls this queue: what is submitted waits until one starts.',
  busy: 'Busy',
  nOfM: (count: number, all: number) => `${count} of ${all}`,
  runs: 'Runs',
  tasks: 'Tasks',
  started: 'Started',
  seen: 'Last asked for work',
  silent: 'did not answer',
  version: (version: string, node: string) => `${version} · Node ${node}`,
  atOnce: (count: number) => `${count} at once`,
  lacks: 'cannot run:',
  overruns: (task: string, ms: string) => `${task} runs on, asked to stop ${ms} ago`,

  modes: 'Ways to run',
  modesText: 'Where work can run, and on how many of the workers that answered.',
  mode: 'Way',
  modeWords: MODES,

  limits: 'Limits',
  limitsText:
    'Those in use: how many places nodes share. A change holds for as long as it is used.',
  noLimits: 'No limit is in use.',
  limit: 'Limit',
  project: 'Project',
  places: 'Places',
  defined: (count: number) => `defined as ${count}`,
  since: 'In use since',
  actions: 'Actions',
  change: 'Change',
  changeLimit: (key: string) => `Change limit ${key}`,
  backTo: (count: number) => `Back to ${count}`,
  backToText:
    'As it is defined. Lowered, it is kept to as nodes end: nothing that runs is stopped.',
  newMax: 'Places',
  changeText:
    'Lowered, it is kept to as nodes end: nothing that runs is stopped. It holds until the limit is no longer in use.',
  who: 'Who waits',
  whoOf: (key: string) => `Who has and who waits for ${key}`,
  taken: (used: number, max: number) => `${used} of ${max} places taken`,
  execution: 'Execution',
  state: 'State',
  has: 'has',
  waits: 'waits',
  held: 'Places',
  weight: 'Weight',
  from: 'Since',
  noneThere: 'Nobody has a place, and nobody waits.',

  circuits: 'Circuits',
  circuitsText:
    'Those that have seen a failure, or were opened by hand. An open one holds its nodes.',
  noCircuits: 'No circuit has seen a failure.',
  circuit: 'Circuit',
  circuitModes: CIRCUIT_MODES,
  byHand: 'by hand, until it is closed',
  until: 'until',
  failures: 'Failures',
  changed: 'Changed',
  open: 'Open',
  close: 'Close',
  openCircuit: (name: string) => `Open circuit ${name}`,
  closeCircuit: (name: string) => `Close circuit ${name}`,
  openText: 'Its nodes are held until somebody closes it. What runs goes on.',
  closeText:
    'Its failures are forgotten. Nodes that it held go on when they next look: within five minutes where it was opened by hand.',
  openOne: 'Open another one …',
  openOneTitle: 'Open a circuit',
  name: 'Name',

  cache: 'Kept results',
  cacheText: 'Results that are kept for later executions. What is forgotten is done again.',
  forget: 'Forget …',
  forgetTitle: 'Forget kept results',
  forgetText: 'Those that all given fields fit; with none given, all. This cannot be undone.',
  forgetVerb: 'Forget',
  task: 'Task',
  taskVersion: 'Version',
  forgotten: (count: number) =>
    count === 1 ? '1 result was forgotten.' : `${count} results were forgotten.`,
  reason: 'Reason',
} as const;
