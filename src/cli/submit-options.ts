/** What `run` and `submit` take beside what they run, and how the engine calls it. */
import type { GraphSubmitOptions } from '../client.js';
import { PRIORITIES, type Priority } from '../domain/priority.js';
import { WORKFLOW_TYPES, type WorkflowType } from '../domain/workflow-type.js';
import { RETRY_STRATEGIES, type RetryStrategy } from '../domain/retry.js';
import { collect, duration, option, wholeNumber } from './command.js';
import { metadataOf } from './given-metadata.js';
import { oneOf } from './one-of.js';

/** Whether an id may run again, as the engine takes it. */
const REUSE = ['never', 'afterFailure', 'always'] as const;

export interface SubmitFlags {
  id?: string;
  reuse?: (typeof REUSE)[number];
  project?: string;
  session?: string;
  priority?: Priority;
  timeout?: number;
  retryStrategy?: RetryStrategy;
  maxRetries?: number;
  retryDelay?: number;
  scheduledTime?: string;
  dependsOn?: string[];
  metadata?: string[];
  tag?: string[];
  workflowType?: WorkflowType;
}

export const SUBMIT_OPTIONS = [
  option('--id <id>', "the execution's id (default: the name and a random part)"),
  option('--reuse <when>', 'whether an id may run again (default: never)').choices(REUSE),
  option('--project <name>', 'the project it belongs to'),
  option('--session <id>', 'the session it belongs to'),
  option('--priority <priority>', PRIORITIES.join(', '), oneOf('--priority', PRIORITIES)),
  option(
    '--timeout <duration>',
    'of one attempt of each task (default: 1h)',
    duration('--timeout'),
  ),
  option(
    '--retry-strategy <name>',
    RETRY_STRATEGIES.join(', '),
    oneOf('--retry-strategy', RETRY_STRATEGIES),
  ),
  option(
    '--max-retries <n>',
    'retries after the first attempt (default: 3)',
    wholeNumber('--max-retries', 0, 1_000),
  ),
  option(
    '--retry-delay <duration>',
    'the first wait before a retry (default: 5s)',
    duration('--retry-delay'),
  ),
  option('--scheduled-time <time>', 'start then (2027-01-31T08:00:00Z), or after a delay (2h)'),
  option('--depends-on <id>', 'an execution that has to end before; may be repeated', collect),
  option(
    '--metadata <name=value>',
    'kept with it; the value is JSON or a text; may be repeated',
    collect,
  ),
  option('--tag <tag>', 'a word to find it by; may be repeated', collect),
  option(
    '--workflow-type <type>',
    'how its tasks are run: a container, named by container_image and command in their input',
  ).choices(WORKFLOW_TYPES),
];

/** What the engine calls them. */
export const OPTION_NAMES = {
  executionId: '--id',
  reuse: '--reuse',
  project: '--project',
  sessionId: '--session',
  priority: '--priority',
  input: '--input',
  scheduledTime: '--scheduled-time',
  dependencies: '--depends-on',
  tags: '--tag',
  metadata: '--metadata',
  workflowType: '--workflow-type',
} as const;

/** @throws UsageError for metadata that is no pair */
export function submitOptions(flags: SubmitFlags): Omit<GraphSubmitOptions, 'name' | 'inputs'> {
  const { id, reuse, project, session, priority, timeout, scheduledTime } = flags;
  const { dependsOn, metadata, tag, workflowType } = flags;
  const retry = retryOf(flags);
  return {
    ...(id === undefined ? {} : { executionId: id }),
    ...(reuse === undefined ? {} : { reuse }),
    ...(project === undefined ? {} : { project }),
    ...(session === undefined ? {} : { sessionId: session }),
    ...(priority === undefined ? {} : { priority }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(Object.keys(retry).length === 0 ? {} : { retry }),
    ...(scheduledTime === undefined ? {} : { scheduledTime }),
    ...(dependsOn === undefined ? {} : { dependencies: dependsOn }),
    ...(metadata === undefined ? {} : { metadata: metadataOf(metadata) }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(workflowType === undefined ? {} : { workflowType }),
  };
}

const retryOf = ({ retryStrategy, maxRetries, retryDelay }: SubmitFlags) => ({
  ...(retryStrategy === undefined ? {} : { strategy: retryStrategy }),
  ...(maxRetries === undefined ? {} : { maxRetries }),
  ...(retryDelay === undefined ? {} : { delay: retryDelay }),
});
