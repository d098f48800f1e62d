/** What people do to executions and nodes that run. Each answers for every state; of what there is not, 404. */
import { z } from 'zod';
import type { GraphEdit } from '../client.js';
import { orMissingNode } from '../client/missing-node.js';
import type { Answer } from '../workflows/messages.js';
import { TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import { PRIORITIES } from '../domain/priority.js';
import { assertWithin } from './bounds.js';
import { ExecutionParams, NodeParams, nodeOf, Why } from './calls.js';
import { route, type Call, type CallContext, type Route } from './route.js';
import { HttpProblem } from './problem.js';
import { AnswerShape, loose, StartedShape } from './shapes.js';

/** Where verbs that need a reason get none. */
const NO_REASON = 'asked over HTTP';

type Said = z.infer<typeof Why>;
const why = ({ who, body, idempotencyKey }: Call<unknown, unknown, Said>) => ({
  by: who.name,
  reason: body.reason ?? NO_REASON,
  ...(idempotencyKey === undefined ? {} : { requestId: idempotencyKey }),
});
const mayWhy = ({ who, body }: Call<unknown, unknown, Said>) => ({
  by: who.name,
  ...(body.reason === undefined ? {} : { reason: body.reason }),
});

/** A verb on an execution, or on a node of one. */
function verb<P, B extends Said>(
  of: 'execution' | 'node',
  name: string,
  summary: string,
  params: z.ZodType<P>,
  body: z.ZodType<B>,
  act: (call: Call<P, unknown, B>) => Promise<Answer>,
): Route {
  const path =
    of === 'node' ? '/executions/:executionId/nodes/:nodeId' : '/executions/:executionId';
  return route({
    id: `${name}${of === 'node' ? 'Node' : 'Execution'}`,
    method: 'POST',
    path: `${path}/${name}`,
    tag: of === 'node' ? 'nodes' : 'executions',
    summary,
    scope: 'operate',
    of: 'execution',
    params,
    body,
    answer: AnswerShape,
    handle: async (call: Call<P, unknown, B>) => {
      const target = targetOf(call.params);
      const answer = await orMissingNode(call.engine, target, answered(act(call)));
      await audited(call, `${of}.${name}`, target, call.body, answer);
      return answer;
    },
  });
}

/** @throws TaskError NOT_FOUND for what there is not */
async function answered(acting: Promise<Answer>): Promise<Answer> {
  const answer = await acting;
  if (answer.code === 'NOT_FOUND') throw new TaskError(answer.code, answer.message);
  return answer;
}

async function audited(
  call: CallContext,
  what: string,
  target: string,
  { reason, by: claimed }: Said & { by?: string | undefined },
  { success, message }: Answer,
): Promise<void> {
  await call.audit({ what, target, reason, claimed, details: { success, message } });
}

function targetOf(params: unknown): string {
  const { executionId = '', nodeId } = params as { executionId?: string; nodeId?: string };
  return nodeId === undefined ? executionId : `${executionId}/${nodeId}`;
}

const Pause = Why.extend({ mode: z.enum(['soft', 'hard']).optional() });
const Note = Why.extend({ note: z.string().max(1_000).optional() });
const AnswerBy = Note.extend({
  by: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'who answers, where the server asks nobody who they are; else that is who the key or token says, and this is refused',
    ),
});
const Priority = Why.extend({ priority: z.enum(PRIORITIES) });

const Nodes = z
  .array(z.looseObject({ id: z.string().min(1) }))
  .describe('nodes as a spec has them');

const RerunShape = z.strictObject({
  from: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  scope: z.enum(['changed', 'descendants']).optional(),
  graph: z.looseObject({ tasks: z.array(z.unknown()) }).optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  executionId: z.string().min(1).max(255).optional(),
  reason: z.string().min(1).max(1_000).optional(),
});

const Span = z.union([z.string().min(1).max(50), z.number().min(0)]);
const WhatIfShape = z.strictObject({
  concurrency: z.int().min(1).max(1_000).optional(),
  limits: z.record(z.string(), z.int()).optional().describe('places of keyed limits, by key'),
  priorities: z.record(z.string(), z.enum(PRIORITIES)).optional().describe('by node'),
  durations: z.record(z.string(), Span).optional().describe('by node'),
});

export const verbRoutes = [
  verb('execution', 'cancel', 'Ask it to stop', ExecutionParams, Why, (call) =>
    call.engine.cancelExecution(call.params.executionId, mayWhy(call)),
  ),
  verb('execution', 'pause', 'Start nothing new', ExecutionParams, Pause, (call) =>
    call.engine.pauseExecution(call.params.executionId, {
      ...mayWhy(call),
      ...(call.body.mode === undefined ? {} : { mode: call.body.mode }),
    }),
  ),
  verb('execution', 'resume', 'Go on after a pause', ExecutionParams, Why, (call) =>
    call.engine.resumeExecution(call.params.executionId, mayWhy(call)),
  ),
  verb(
    'execution',
    'concurrency',
    'Change how many nodes run at once',
    ExecutionParams,
    Why.extend({ concurrency: z.int().min(1).max(1_000) }),
    (call) => call.engine.setConcurrency(call.params.executionId, call.body.concurrency, why(call)),
  ),
  verb(
    'execution',
    'priority',
    'Change the priority of what has not begun',
    ExecutionParams,
    Priority,
    (call) => call.engine.setPriority(call.params.executionId, call.body.priority, why(call)),
  ),
  verb('node', 'cancel', 'Cancel a node', NodeParams, Why, (call) =>
    call.engine.cancelExecution(nodeOf(call), mayWhy(call)),
  ),
  verb('node', 'pause', 'Hold a node', NodeParams, Pause, (call) =>
    call.engine.pauseExecution(nodeOf(call), {
      ...mayWhy(call),
      ...(call.body.mode === undefined ? {} : { mode: call.body.mode }),
    }),
  ),
  verb('node', 'resume', 'Let a held node go on', NodeParams, Why, (call) =>
    call.engine.resumeExecution(nodeOf(call), mayWhy(call)),
  ),
  verb(
    'node',
    'approve',
    'Say yes to an approval',
    NodeParams,
    AnswerBy.extend({ payload: z.unknown().optional() }),
    async (call) =>
      withBy(
        call,
        await call.engine.approve(nodeOf(call), {
          by: answererOf(call),
          ...noteOf(call.body),
          ...(call.body.payload === undefined ? {} : { payload: call.body.payload as Json }),
        }),
      ),
  ),
  verb('node', 'deny', 'Say no to an approval', NodeParams, AnswerBy, async (call) =>
    withBy(
      call,
      await call.engine.deny(nodeOf(call), { by: answererOf(call), ...noteOf(call.body) }),
    ),
  ),
  verb('node', 'retry', 'Try a node at once that waits', NodeParams, Why, (call) =>
    call.engine.retryNow(nodeOf(call), why(call)),
  ),
  verb('node', 'skip', 'End a node SKIPPED that has not begun', NodeParams, Why, (call) =>
    call.engine.skipNode(nodeOf(call), why(call)),
  ),
  verb(
    'node',
    'complete',
    'End a node COMPLETED with an output',
    NodeParams,
    Why.extend({ value: z.unknown().optional() }),
    (call) => call.engine.completeNode(nodeOf(call), call.body.value, why(call)),
  ),
  verb(
    'node',
    'fail',
    'End a node FAILED',
    NodeParams,
    Why.extend({ message: z.string().min(1).max(10_000) }),
    (call) => call.engine.failNode(nodeOf(call), call.body.message, why(call)),
  ),
  verb('node', 'priority', 'Change the priority of a node', NodeParams, Priority, (call) =>
    call.engine.setPriority(nodeOf(call), call.body.priority, why(call)),
  ),
  verb(
    'execution',
    'edit',
    'Add nodes, and replace nodes that have not begun; all of it or nothing',
    ExecutionParams,
    Why.extend({
      add: Nodes.optional(),
      replace: Nodes.optional(),
      ifVersion: z.int().min(1).optional().describe('refused where the graph has another one'),
    }),
    (call) => {
      const { reason: _reason, ...edit } = call.body;
      return call.engine.editGraph(call.params.executionId, {
        ...(edit as Pick<GraphEdit, 'ifVersion'>),
        ...why(call),
      });
    },
  ),
  route({
    id: 'rerunExecution',
    method: 'POST',
    path: '/executions/:executionId/rerun',
    tag: 'executions',
    summary: 'Run it once more, keeping what still holds',
    scope: 'run',
    of: 'execution',
    params: ExecutionParams,
    body: RerunShape,
    bodyLimit: 64 * 2 ** 20,
    answer: StartedShape,
    status: 201,
    handle: async (call) => {
      const { params, body, who } = call;
      await assertWithin(call, body);
      const started = await call.engine.rerun(params.executionId, {
        ...(body as object),
        by: who.name,
      });
      const { executionId, executions } = started;
      await call.audit({
        ...{ what: 'execution.rerun', target: params.executionId, reason: body.reason },
        details: { executionId },
      });
      return { executionId, executions };
    },
  }),
  route({
    id: 'whatIf',
    method: 'POST',
    path: '/executions/:executionId/what-if',
    tag: 'executions',
    summary: 'How long it would have taken otherwise, once it has ended',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    body: WhatIfShape,
    answer: loose('WhatIf', 'As engine.whatIf() gives it.'),
    handle: async ({ engine, params, body }) => ({
      executionId: params.executionId,
      ...(await engine.whatIf(params.executionId, body as object)),
    }),
  }),
  route({
    id: 'planRerun',
    method: 'POST',
    path: '/executions/:executionId/rerun-plan',
    tag: 'executions',
    summary: 'What a rerun would run, and what it would keep',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    body: RerunShape,
    bodyLimit: 64 * 2 ** 20,
    answer: loose('RerunPlan', 'As engine.rerun with dryRun gives it.'),
    handle: async (call) => {
      const { engine, params, body } = call;
      await assertWithin(call, body);
      return await engine.rerun(params.executionId, { ...(body as object), dryRun: true });
    },
  }),
];

type Answering = Call<unknown, unknown, z.infer<typeof AnswerBy>>;

/** The answer; where others are asked and an open server was not told who answers, how to say so. */
function withBy({ who, body: { by } }: Answering, answer: Answer): Answer {
  if (answer.code !== 'NOT_ASKED' || who.kind !== 'open' || by !== undefined) return answer;
  const hint = 'this server asks nobody who they are: say in the body who answers, as "by"';
  return { ...answer, message: `${answer.message}; ${hint}` };
}

/** Who answers: nobody whose name is proven may use another one. @throws HttpProblem 403 */
function answererOf({ who, body: { by } }: Answering): string {
  if (by === undefined) return who.name;
  if (who.kind === 'open') return by;
  throw new HttpProblem(
    403,
    'FORBIDDEN',
    `by: who answers is who the key or token says, ${who.name}, and nobody else; leave "by" out`,
  );
}

const noteOf = ({ note, reason }: z.infer<typeof Note>): { note?: string } => {
  const text = note ?? reason;
  return text === undefined ? {} : { note: text };
};
