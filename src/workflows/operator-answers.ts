/** The updates of `operator-messages.ts`. */
import type { OperatorVerb } from '../domain/status.js';
import type { VerbText } from './answers.js';
import { UPDATE, type Answer } from './messages.js';
import type { OperatorRequests } from './operator-messages.js';
import type { Operator } from './operator.js';
import { isOperatorRequest, TAKES } from './operator-shapes.js';

type Run<R> = (operator: Operator, request: R) => Answer | Promise<Answer>;
type Handle = <R>(
  name: string,
  text: VerbText<R>,
  run: (graph: { operator: Operator }, request: R) => Answer | Promise<Answer>,
) => void;

const VERBS: { [V in OperatorVerb]: { says: string; run: Run<OperatorRequests[V]> } } = {
  retryNow: {
    says: 'try a node now that waits for a time',
    run: ({ nodes }, request) => nodes.retryNow(request),
  },
  skip: {
    says: 'end a node SKIPPED that has not started',
    run: ({ nodes }, request) => nodes.skip(request),
  },
  complete: {
    says: 'end a node COMPLETED with an output',
    run: ({ nodes }, request) => nodes.complete(request),
  },
  fail: {
    says: 'end a node FAILED',
    run: ({ nodes }, request) => nodes.fail(request),
  },
  setPriority: {
    says: 'change the priority of a node, or of all that have not started',
    run: ({ nodes }, request) => nodes.setPriority(request),
  },
  setConcurrency: {
    says: 'change how many nodes run at once',
    run: ({ nodes }, request) => nodes.setConcurrency(request),
  },
  edit: {
    says: 'add nodes, and replace those that have not started',
    run: ({ edits }, request) => edits.edit(request),
  },
};

/** @param handle sets the handler of an update */
export function answerOperator(handle: Handle): void {
  const one = <V extends OperatorVerb>(verb: V): void => {
    const isRequest = (value: unknown): value is OperatorRequests[V] =>
      isOperatorRequest(verb, value);
    const { says, run } = VERBS[verb];
    handle(UPDATE[verb], { says, takes: TAKES[verb], isRequest }, ({ operator }, request) =>
      run(operator, request),
    );
  };
  for (const verb of Object.keys(VERBS) as OperatorVerb[]) one(verb);
}
