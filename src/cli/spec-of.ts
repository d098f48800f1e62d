/** The spec that an execution was started with, read from the first event of its history. */
import { isObject } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import type { Session } from './session.js';

/** Undefined where it cannot be read: after a continue-as-new, or where the payloads are encrypted. */
export async function specOf(
  { client, namespace }: Session,
  executionId: string,
): Promise<GraphSpec | undefined> {
  try {
    const { defaultPayloadConverter } = await import('@temporalio/common');
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId: executionId },
      maximumPageSize: 1,
    });
    const [payload] =
      history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const spec: unknown = payload && defaultPayloadConverter.fromPayload(payload);
    return isObject(spec) && Array.isArray(spec['tasks'])
      ? (spec as unknown as GraphSpec)
      : undefined;
  } catch {
    return undefined; // only the picture is poorer for it
  }
}
