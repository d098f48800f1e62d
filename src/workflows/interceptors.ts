/**
 * What every workflow of a worker is wrapped in. For `workflowInterceptorModules` of a bundle: carries the trace of an
 * execution on to all that it starts (without a trace each passes on what it was given), and keeps queries from running
 * a workflow ahead.
 */
import { workflowInfo, type WorkflowInterceptors } from '@temporalio/workflow';
import { refuseAhead } from './ahead.js';
import { ACTIVITY } from './messages.js';
import type { NodeRequest, SettleRequest } from './requests.js';
import { adoptHeader, withTrace, type SpanName } from './trace.js';

export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      execute(input, next) {
        adoptHeader(input.headers);
        return next(input);
      },
    },
  ],
  internals: [refuseAhead()],
  outbound: [
    {
      scheduleActivity: (input, next) =>
        next({
          ...input,
          headers: withTrace(input.headers, () => spanOf(input.activityType, input.args)),
        }),
      scheduleLocalActivity: (input, next) =>
        next({ ...input, headers: withTrace(input.headers, execution) }),
      startChildWorkflowExecution: (input, next) =>
        next({ ...input, headers: withTrace(input.headers, execution) }),
      continueAsNew: (input, next) => next({ ...input, headers: withTrace(input.headers) }),
    },
  ],
});

const execution = (): SpanName => ({ run: workflowInfo().firstExecutionRunId });

const SYSTEM = new Set<string>(Object.values(ACTIVITY).filter((type) => type !== ACTIVITY.settle));

function spanOf(type: string, args: readonly unknown[]): SpanName {
  if (SYSTEM.has(type)) return execution();
  const request =
    type === ACTIVITY.settle ? (args[0] as SettleRequest).request : (args[0] as NodeRequest);
  return { run: request.execution.run.id, nodeId: request.node.id };
}
