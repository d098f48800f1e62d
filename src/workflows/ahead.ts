/**
 * Keeps a query from running its workflow ahead of its history.
 *
 * Where the workflow is not in the worker's cache, SDK 1.24 reads its history for a query, and applies also the events
 * at its end that no workflow task has taken yet: with the time of the last task, apart from those that come before the
 * next one starts. What is then written down cannot be replayed (docs/decisions/0022). Such an application is refused:
 * the query fails, the worker forgets the workflow, and the workflow task that is due begins from its history.
 */
import {
  ApplicationFailure,
  type ActivateInput,
  type WorkflowInternalsInterceptor,
} from '@temporalio/workflow';
import { BETWEEN_TASKS } from './messages.js';

type Activation = ActivateInput['activation'];

/** Where an instance of a workflow stands in its history. */
interface Stand {
  /** The time of the last workflow task. */
  time: string;
  events: number;
}

export function refuseAhead(): WorkflowInternalsInterceptor {
  let last: Stand | undefined;
  return {
    activate(input, next) {
      const { activation } = input;
      const stand = standOf(activation);
      if (last && !isQuery(activation) && isAhead(activation, stand, last))
        throw ApplicationFailure.nonRetryable(BETWEEN_TASKS);
      last = stand;
      next(input);
    },
  };
}

/** Every workflow task has a time of its own: more history at the same time is history that no task has taken. */
function isAhead({ isReplaying }: Activation, now: Stand, last: Stand): boolean {
  return !isReplaying && now.time === last.time && now.events > last.events;
}

const isQuery = ({ jobs }: Activation): boolean => jobs?.every((job) => job.queryWorkflow) ?? false;

function standOf({ timestamp, historyLength }: Activation): Stand {
  const time = `${String(timestamp?.seconds ?? 0)}.${timestamp?.nanos ?? 0}`;
  return { time, events: Number(historyLength ?? 0) };
}
