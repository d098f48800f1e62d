/** What may be asked of an execution and of a node, by its status, as questions to confirm. */
import type { ExecutionRecord } from '../../src/client/record.js';
import type { Status } from '../../src/domain/status.js';
import type { Answer, NodeView } from '../../src/workflows/messages.js';
import { api, Problem } from './api.js';
import type { Field, Question } from './dialog.js';
import { linkTo } from './route.js';
import { token } from './session.js';
import { isTerminal } from './status.js';
import { S } from './strings/page.js';

const REASON: Field = { name: 'reason', label: S.reason, kind: 'line' };
const NOTE: Field = { name: 'note', label: S.note, kind: 'line' };

/** Where an execution is run again: of one below a node, the one above it, from that node. */
export function rerunLink(executionId: string, nodeId?: string): string {
  const [graphId = '', ...below] = executionId.split('/');
  const from = [...below, ...(nodeId === undefined ? [] : [nodeId])].join('/');
  return linkTo(['executions', graphId, 'rerun'], { from });
}

/**
 * How what has ended runs again: `rerun` by its difference, `items` of a batch as a new one, `anew` where nothing of it ran
 * that could be kept. The server refuses a rerun of the others. A rerun, too, of what is not known.
 */
export function runsAgain(
  record: Pick<ExecutionRecord, 'kind' | 'status' | 'error'> | undefined,
): 'rerun' | 'items' | 'anew' {
  if (record?.kind === 'batch' || record?.kind === 'item') return 'items';
  if (record?.status !== 'REJECTED') return 'rerun';
  return record.kind === 'task' || record.error?.code === 'SPEC_INVALID' ? 'anew' : 'rerun';
}

/** A verb that was refused is a problem to show, also where the server says so with 200. */
export async function accepted(asked: Promise<Answer>): Promise<void> {
  const { success, message, code } = await asked;
  if (!success) throw new Problem(409, code ?? '', message);
}

export function executionActions(executionId: string, status: Status): Question[] {
  const act = (verb: string) => (values: Record<string, unknown>) =>
    accepted(api.act(executionId, verb, values));
  const question = (verb: 'cancel' | 'pause' | 'resume'): Question => ({
    ...{ title: `${S[verb]} ${executionId}`, text: S.ask[verb], verb: S[verb] },
    ...{ fields: [REASON], run: act(verb) },
  });
  if (isTerminal(status)) return [];
  return [
    question(status === 'PAUSED' ? 'resume' : 'pause'),
    { ...question('cancel'), dangerous: true },
  ];
}

type NodeVerb =
  'approve' | 'deny' | 'retry' | 'resume' | 'pause' | 'skip' | 'complete' | 'fail' | 'cancel';

const WORDS: Record<NodeVerb, string> = {
  approve: S.approve,
  deny: S.deny,
  retry: S.retry,
  resume: S.resume,
  pause: S.pause,
  skip: S.skipNode,
  complete: S.complete,
  fail: S.fail,
  cancel: S.cancel,
};

export function nodeActions(executionId: string, view: NodeView): Question[] {
  return verbsFor(view).map((verb) => nodeQuestion(executionId, view, verb));
}

function verbsFor({ status, approval }: NodeView): NodeVerb[] {
  if (isTerminal(status)) return [];
  if (approval) return ['approve', 'deny', 'cancel'];
  switch (status) {
    case 'RETRYING':
      return ['retry', 'pause', 'skip', 'complete', 'fail', 'cancel'];
    case 'PAUSED':
      return ['resume', 'skip', 'complete', 'fail', 'cancel'];
    case 'PENDING':
    case 'SCHEDULED':
      return ['pause', 'skip', 'complete', 'fail', 'cancel'];
    default:
      return ['pause', 'complete', 'fail', 'cancel'];
  }
}

/** An answer to an approval, or another verb on a node. */
export function nodeQuestion(
  executionId: string,
  { id, approval }: Pick<NodeView, 'id' | 'approval'>,
  verb: NodeVerb,
): Question {
  return {
    title: `${WORDS[verb]} ${id}`,
    text: S.ask[verb],
    verb: WORDS[verb],
    ...(verb === 'cancel' || verb === 'fail' || verb === 'deny' ? { dangerous: true } : {}),
    fields: fieldsOf(verb, approval),
    run: (values) => accepted(api.actOnNode(executionId, id, verb, values)),
  };
}

/** Who answers, of those that may: only where no key says it. */
function answererOf(approval: NodeView['approval']): Field[] {
  const names = approval?.by ?? [];
  if (names.length === 0 || token() !== null) return [];
  const options = names.map((name) => [name, name] as const);
  return [{ name: 'by', label: S.answersAs, kind: 'choice', options, required: true }];
}

function fieldsOf(verb: NodeVerb, approval: NodeView['approval']): Field[] {
  switch (verb) {
    case 'approve':
      return approval?.payload
        ? [
            ...answererOf(approval),
            { name: 'payload', label: S.payloadJson, kind: 'json', required: true },
            NOTE,
          ]
        : [...answererOf(approval), NOTE];
    case 'deny':
      return [...answererOf(approval), NOTE];
    case 'complete':
      return [{ name: 'value', label: S.valueJson, kind: 'json', required: true }, REASON];
    case 'fail':
      return [{ name: 'message', label: S.message, kind: 'line', required: true }, REASON];
    default:
      return [REASON];
  }
}
