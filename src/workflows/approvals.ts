/**
 * Approvals of a graph: questions that wait for somebody's answer, for days if need be, without a worker.
 *
 * The template of a question is resolved, and an answer checked, by a worker; what waits between them is state.
 */
import type { ErrorRecord } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import { INLINE_LIMIT, type NodeOutcome, type Value } from '../domain/outcome.js';
import type { NodeClass } from '../domain/plan.js';
import { Alarm } from './alarm.js';
import type { OpenQuestion } from './between.js';
import { ACTIVITY, type Answer, type ApproveRequest } from './messages.js';
import type { Deliver } from './node-executor.js';
import type {
  AnswerRequest,
  AnswerResult,
  NodeOrder,
  NodeRequest,
  Prepared,
  Question,
  QuestionResult,
} from './requests.js';
import { work } from './work.js';

/** Tells the graph that a question is asked. */
export type Asked = (open: OpenQuestion) => void;

export interface ApprovalsParts {
  context: Omit<Prepared, 'plan'>;
  classes: readonly NodeClass[];
  deliver: Deliver;
  asked: Asked;
}

/** What a question gets for an answer, by whomever. */
interface Given {
  approved: boolean;
  by: string | null;
  note: string | null;
  payload: Json;
}

export class Approvals {
  private readonly open = new Map<number, OpenQuestion>();
  /** Nodes whose question is being made; false once they were cancelled meanwhile. */
  private readonly asking = new Map<number, boolean>();
  private answering = 0;
  private readonly alarm = new Alarm(() => this.ring());

  constructor(private readonly parts: ApprovalsParts) {}

  begin(orders: readonly NodeOrder[]): void {
    for (const order of orders) {
      if (order.ended) continue; // it has no hooks of its own
      this.asking.set(order.index, true);
      void this.ask(order);
    }
  }

  /** True for a node whose question is asked, or about to be. */
  has(index: number): boolean {
    return this.open.has(index) || this.asking.has(index);
  }

  cancel(indexes: readonly number[]): void {
    for (const index of indexes) {
      if (this.asking.has(index)) this.asking.set(index, false);
      if (this.open.delete(index)) this.deliver(index, end('CANCELLED', { reason: 'cancelled' }));
    }
  }

  /** Answers a question. Says no, with the reason, where nobody waits for it or it is not taken. */
  async answer(index: number, id: string, request: ApproveRequest): Promise<Answer> {
    const open = this.open.get(index);
    if (!open) return no(`${id} waits for no answer`);
    const { question } = open;
    const { approved, by, note, payload } = request;
    if (question.by && (by === undefined || !question.by.includes(by)))
      return {
        ...no(
          `${id} is asked of ${question.by.join(', ')}, and ${by === undefined ? 'nobody is named' : `not of ${by}`}`,
        ),
        code: 'NOT_ASKED',
      };
    const given = { approved, by: by ?? null, note: note ?? null, payload: payload ?? null };
    const made = await this.store(given, approved ? question.payload : undefined);
    if ('problems' in made)
      return no(`the payload is not what ${id} asks for: ${made.problems.join('; ')}`);
    // Somebody else, or the time-out, may have been quicker.
    if (!this.open.delete(index)) return no(`${id} waits for no answer any more`);
    this.settle(index, question, given, made.output);
    return { success: true, message: `${id} is ${approved ? 'approved' : 'denied'}` };
  }

  /** Work for questions and answers that is under way. */
  pending(): number {
    return this.asking.size + this.answering;
  }

  carry(): OpenQuestion[] {
    return [...this.open.values()];
  }

  /** Waits for the answers to these. */
  restore(questions: readonly OpenQuestion[]): void {
    for (const open of questions) {
      this.open.set(open.index, open);
      this.alarm.set(open.dueAt);
    }
  }

  close(): void {
    this.alarm.clear();
  }

  private async ask(order: NodeOrder): Promise<void> {
    let result: QuestionResult;
    try {
      result = await work<QuestionResult>(ACTIVITY.question, [this.request(order)]);
    } catch (error) {
      const message = `the question could not be made: ${(error as Error).message}`;
      result = { error: { code: 'ENGINE', message, origin: 'engine', retriable: false } };
    }
    const wanted = this.asking.get(order.index);
    this.asking.delete(order.index);
    if (!wanted) return this.deliver(order.index, end('CANCELLED', { reason: 'cancelled' }));
    if ('skipped' in result)
      return this.deliver(order.index, end('SKIPPED', { reason: 'condition' }));
    if ('error' in result) return this.deliver(order.index, end('FAILED', { error: result.error }));
    const askedAt = Date.now();
    const { timeoutMs } = result.question;
    const open: OpenQuestion = {
      ...{ index: order.index, question: result.question, askedAt },
      ...(timeoutMs === undefined ? {} : { dueAt: askedAt + timeoutMs }),
    };
    this.restore([open]);
    this.parts.asked(open);
  }

  private ring(): void {
    const now = Date.now();
    for (const { index, dueAt, question } of [...this.open.values()]) {
      if (dueAt === undefined || dueAt > now) this.alarm.set(dueAt);
      else void this.timeOut(index, question);
    }
  }

  private async timeOut(index: number, question: Question): Promise<void> {
    this.open.delete(index);
    const { onTimeout, timeoutMs } = question;
    if (onTimeout === 'fail') {
      const message = `nobody answered within ${timeoutMs} ms: ${question.message}`.slice(0, 500);
      const error = { code: 'TIMEOUT', message, origin: 'engine', retriable: false } as const;
      return this.deliver(index, end('TIMEOUT', { reason: 'approval', error }));
    }
    const note = `nobody answered within ${timeoutMs} ms`;
    const given = { approved: onTimeout === 'approve', by: null, note, payload: null };
    const made = await this.store(given);
    if ('output' in made) this.settle(index, question, given, made.output);
  }

  /** Checks what was given against what is asked for, and stores it as the node's output. */
  private async store(given: Given, schema?: Question['payload']): Promise<AnswerResult> {
    const output: Json = { ...given, at: new Date(Date.now()).toISOString() };
    const request: AnswerRequest = {
      ...{ output, inlineLimit: INLINE_LIMIT },
      ...(schema ? { schema } : {}),
    };
    this.answering++;
    try {
      return await work<AnswerResult>(ACTIVITY.answer, [request]);
    } finally {
      this.answering--;
    }
  }

  private settle(index: number, { onDeny }: Question, given: Given, output: Value): void {
    const { approved, by, note } = given;
    if (approved || onDeny === 'complete') return this.deliver(index, end('COMPLETED', { output }));
    const who = by ?? 'nobody in particular';
    const message = `denied by ${who}${note === null ? '' : `: ${note}`}`.slice(0, 1_000);
    const error: ErrorRecord = { code: 'DENIED', message, origin: 'task', retriable: false };
    this.deliver(index, end('FAILED', { error }));
  }

  private deliver(index: number, outcome: NodeOutcome): void {
    this.parts.deliver(index, outcome);
  }

  private request(
    order: NodeOrder,
  ): Pick<NodeRequest, 'execution' | 'node' | 'body' | 'params' | 'reads' | 'item'> {
    const { execution, params } = this.parts.context;
    const { task = '', taskVersion = '' } = this.parts.classes[order.class] ?? {};
    return {
      execution,
      node: { id: order.id, task, taskVersion },
      body: order.body,
      ...(order.readsParams ? { params } : {}),
      ...(order.reads ? { reads: order.reads } : {}),
      ...(order.item ? { item: order.item } : {}),
    };
  }
}

const no = (message: string): Answer => ({ success: false, message });

function end(
  status: NodeOutcome['status'],
  rest: Pick<NodeOutcome, 'reason' | 'output' | 'error'>,
): NodeOutcome {
  return { status, attempts: [], attemptCount: 0, executionTimeMs: 0, ...rest };
}
