/** What a running graph answers: queries on how it stands, updates that ask something of it. */
import {
  ApplicationFailure,
  condition,
  currentUpdateInfo,
  defineQuery,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { GraphRun } from './graph-run.js';
import {
  BETWEEN_RUNS,
  QUERY,
  UPDATE,
  type Answer,
  type ApproveRequest,
  type CancelNodeRequest,
  type GraphStatus,
  type NodesPage,
  type NodesQuery,
  type NodeView,
  type PauseRequest,
} from './messages.js';
import type { WaitingPage, WaitingQuery } from './waiting-page.js';
import { answerOperator } from './operator-answers.js';
import { isApprove, isCancelNode, isPause, isWaitingQuery } from './shapes.js';
import { shielded } from './shielded.js';

/**
 * @param current the run, once it is prepared
 * @param goesOn another run of the execution was before this one
 */
export function answer(current: () => GraphRun | undefined, goesOn: boolean): void {
  answerQueries(() => {
    const run = current();
    if (!run && goesOn) throw ApplicationFailure.nonRetryable(BETWEEN_RUNS);
    return run;
  });
  verb<CancelNodeRequest>(
    UPDATE.cancelNode,
    {
      says: 'cancel one node',
      takes: '{ "nodeId": "<id>", "by"?, "reason"? }',
      isRequest: isCancelNode,
    },
    current,
    (run, request) => run.operator.verbs.cancelNode(request),
  );
  const takes = '{ "nodeId"?, "mode"?: "soft" | "hard", "by"?, "reason"?, "note"? }';
  verb<PauseRequest>(
    UPDATE.pause,
    { says: 'start nothing new, of the graph or of one node', takes, isRequest: isPause },
    current,
    (run, request) => run.operator.verbs.pause(request),
  );
  verb<PauseRequest>(
    UPDATE.resume,
    { says: 'go on after a pause', takes, isRequest: isPause },
    current,
    (run, request) => run.operator.verbs.resume(request),
  );
  verb<ApproveRequest>(
    UPDATE.approve,
    {
      says: 'answer an approval',
      takes: '{ "nodeId", "approved": true | false, "by"?, "note"?, "payload"? }',
      isRequest: isApprove,
    },
    current,
    (run, request) => run.operator.verbs.approve(request),
  );
  answerOperator((name, text, run) => verb(name, text, current, run));
}

/** An update in words, and its check. */
export interface VerbText<R> {
  says: string;
  /** The argument, as it is written. */
  takes: string;
  isRequest: (value: unknown) => value is R;
}

const unheard = (): Answer => ({
  success: false,
  message:
    'a segment of the graph does not answer: nodes that it was given may begin any moment; ask again',
});

function verb<R>(
  name: string,
  { says, takes, isRequest }: VerbText<R>,
  current: () => GraphRun | undefined,
  run: (graph: GraphRun, request: R) => Answer | Promise<Answer>,
): void {
  setHandler(
    defineUpdate<Answer, [R]>(name),
    (request) =>
      shielded(async () => {
        await condition(() => current() !== undefined);
        const graph = current();
        if (!graph) return { success: false, message: 'the graph did not start' };
        const id = currentUpdateInfo()?.id;
        const known = graph.operator.answered.get(id);
        if (known) return known;
        const answer = await graph.lending.recalled(() => run(graph, request), unheard);
        graph.operator.answered.keep(id, answer);
        return answer;
      }),
    {
      description: `${says}: ${takes}`,
      validator: (request: unknown) => {
        if (!isRequest(request))
          throw ApplicationFailure.nonRetryable(`expected ${takes}`, 'CONFIGURATION');
      },
    },
  );
}

function answerQueries(current: () => GraphRun | undefined): void {
  const { workflowId, startTime, workflowType } = workflowInfo();
  const preparing: GraphStatus = {
    executionId: workflowId,
    graph: workflowType,
    status: 'PENDING',
    counts: {},
    total: 0,
    startedAt: startTime.toISOString(),
    sequence: 0,
    runs: [workflowId],
  };
  setHandler(defineQuery<GraphStatus>(QUERY.status), () => current()?.status() ?? preparing, {
    description: 'status and counts of the graph',
  });
  setHandler(
    defineQuery<NodesPage, [NodesQuery?]>(QUERY.nodes),
    (query = {}) => {
      const run = current();
      if (!run) return { sequence: 0, nodes: [] };
      return {
        ...run.nodes.page(query ?? {}),
        ...(run.writtenPages.length > 0 ? { pages: [...run.writtenPages] } : {}),
      };
    },
    { description: 'nodes, changed since a sequence, a page at a time' },
  );
  setHandler(
    defineQuery<NodeView | null, [string]>(QUERY.node),
    (id) => {
      const run = current();
      const index = run?.nodes.find(id);
      return run && index !== undefined ? run.nodes.wholeView(index) : null;
    },
    { description: 'one node, by id' },
  );
  setHandler(
    defineQuery<WaitingPage | null, [WaitingQuery?]>(QUERY.waiting),
    (query) => current()?.waiting(isWaitingQuery(query) ? query : {}) ?? null,
    { description: 'what each node that has not ended waits for; of one with { "node": "<id>" }' },
  );
}
