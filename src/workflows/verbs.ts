/** What people may ask of a running graph: cancel a node, pause and resume all of it or one node. */
import { preview } from '../domain/json.js';
import type { Effects } from '../domain/effects.js';
import type { Scheduler } from '../domain/scheduler.js';
import {
  isTerminal,
  type Status,
  type StatusChange,
  type StatusReason,
  type TerminalStatus,
} from '../domain/status.js';
import type { Approvals } from './approvals.js';
import { showStatus } from './finish.js';
import type { GraphState } from './graph-state.js';
import type { AboveSignal } from './between.js';
import type { Answer, ApproveRequest, CancelNodeRequest, PauseRequest } from './messages.js';
import type { NodeExecutor } from './node-executor.js';

/** Pauses, resumes and other words of people that are kept of one execution. */
const MARKS_KEPT = 200;

export interface VerbParts {
  scheduler: Scheduler;
  state: GraphState;
  executor: Pick<NodeExecutor, 'stop' | 'tell' | 'runOf'>;
  approvals: Approvals;
  status(): Status;
  /** Why the whole graph is being stopped, while it is. */
  stopping(): StatusReason | undefined;
  /** Every node has ended, and what follows is under way. */
  isClosing: () => boolean;
  /** How a running node is about to end, as somebody asked. */
  aboutToEnd: (index: number) => AboutToEnd | undefined;
  /** Tells the worker of a mark, of the execution or of a node. `goesOn`: an attempt of it runs on. */
  told(mark: StatusChange, node?: { index: number; goesOn: boolean }): void;
  /** Does what follows from a decision of the scheduler, and looks for what may start. */
  apply(effects: Effects): void;
}

export class GraphVerbs {
  /** Pauses and resumes of the whole graph. */
  readonly marks: StatusChange[] = [];

  constructor(private readonly parts: VerbParts) {}

  cancelNode({ nodeId: id, by, reason }: CancelNodeRequest): Answer {
    const { scheduler } = this.parts;
    const index = findOpen(this.parts, id, 'cancel');
    if (typeof index !== 'number') return index;
    const running = scheduler.state(index) === 'running';
    if (by !== undefined || reason !== undefined)
      this.parts.state.marked(index, markOf('CANCELLED', { by, reason }));
    this.parts.apply(scheduler.cancelNode(index, Date.now()));
    return yes(running ? `${id} was asked to stop` : `${id} was cancelled before it ran`);
  }

  pause({ nodeId, mode = 'soft', ...who }: PauseRequest): Answer {
    const { scheduler } = this.parts;
    if (nodeId !== undefined) return this.pauseNode(nodeId, mode, who);
    const over = this.over();
    if (over) return over;
    const already = scheduler.isAllPaused;
    if (already && mode === 'soft') return no('it is already paused');
    scheduler.pause();
    if (!already) this.mark(markOf('PAUSED', who));
    showStatus('PAUSED');
    const running = this.parts.state.runningNodes().filter((index) => !scheduler.hasPassed(index));
    if (mode === 'hard') this.parts.executor.stop(running, 'pause');
    else this.parts.executor.tell(running, { verb: 'pause', ...who });
    this.changed();
    return yes(`paused: nothing new starts${RUNNING_SAYS[mode](running.length)}`);
  }

  resume({ nodeId, mode: _mode, ...who }: PauseRequest): Answer {
    const { scheduler } = this.parts;
    if (nodeId !== undefined) return this.resumeNode(nodeId, who);
    const over = this.over();
    if (over) return over;
    if (!scheduler.isAllPaused) return no('it is not paused');
    scheduler.resume();
    this.parts.executor.tell(this.parts.state.runningNodes(), { verb: 'resume', ...who });
    this.mark(markOf('RUNNING', who));
    showStatus('RUNNING');
    this.changed();
    return yes('resumed');
  }

  /** What was asked of the graph above. */
  hear({ verb, ...request }: AboveSignal): void {
    if (verb === 'pause') this.pause(request);
    else if (verb === 'resume') this.resume(request);
    else this.cancelledBy(request);
  }

  /** Notes who cancels all of it; Temporal's own cancel request comes just after. */
  cancelledBy(who: Pick<AboveSignal, 'by' | 'reason'>): void {
    this.marks.push(markOf('CANCELLED', who));
  }

  /** Answers the question that an approval asks. */
  async approve(request: ApproveRequest): Promise<Answer> {
    const { nodeId, approved, by, note } = request;
    const index = this.find(nodeId);
    if (typeof index !== 'number') return index;
    const answer = await this.parts.approvals.answer(index, nodeId, request);
    if (!answer.success) return answer;
    const said = `${approved ? 'approved' : 'denied'}${note === undefined ? '' : `: ${note}`}`;
    const ending = this.parts.scheduler.ending(index)?.status ?? 'COMPLETED';
    const who = { note: said, ...(by === undefined ? {} : { by }) };
    this.parts.state.marked(index, markOf(ending, who));
    return answer;
  }

  private pauseNode(id: string, mode: 'soft' | 'hard', who: Who): Answer {
    const { scheduler, executor } = this.parts;
    const index = this.find(id);
    if (typeof index !== 'number') return index;
    const stopping = stopped(this.parts.stopping());
    if (stopping) return stopping;
    const already = scheduler.isNodePaused(index);
    if (already && mode === 'soft') return no(`${id} is already paused`);
    const running = scheduler.state(index) === 'running';
    scheduler.pauseNode(index);
    if (!already) this.markNode(index, markOf('PAUSED', who), running && mode === 'soft');
    if (running && mode === 'hard') executor.stop([index], 'pause');
    else if (running) executor.tell([index], { verb: 'pause', ...who });
    this.changed();
    return yes(`${id} is paused${running ? RUNNING_SAYS[mode](1) : ''}`);
  }

  private resumeNode(id: string, who: Who): Answer {
    const { scheduler } = this.parts;
    const index = this.find(id);
    if (typeof index !== 'number') return index;
    if (!scheduler.isNodePaused(index)) {
      return no(
        scheduler.isAllPaused
          ? `${id} is not paused by itself: the whole execution is; resume that`
          : `${id} is not paused`,
      );
    }
    scheduler.resumeNode(index);
    this.parts.executor.tell([index], { verb: 'resume', ...who });
    this.markNode(index, markOf('PENDING', who), scheduler.state(index) === 'running');
    this.changed();
    return yes(`${id} is resumed${scheduler.isAllPaused ? '; the execution is still paused' : ''}`);
  }

  /** Notes what a person asked of the whole graph. */
  mark(mark: StatusChange): void {
    this.marks.push(mark);
    if (this.marks.length > MARKS_KEPT) this.marks.shift();
    this.parts.told(mark);
  }

  markNode(index: number, mark: StatusChange, goesOn: boolean): void {
    this.parts.state.marked(index, mark);
    this.parts.told(mark, { index, goesOn });
  }

  /** The answer where nothing starts any more. */
  private over(): Answer | undefined {
    return nothingStarts(this.parts);
  }

  /** The index of a node that has not ended, or the answer that says why there is none. */
  private find(id: string): number | Answer {
    return findOpen(this.parts, id);
  }

  private changed(): void {
    this.parts.apply({ settled: [], cancel: [] });
  }
}

/**
 * The index of a node that has not ended, or the answer that says why there is none. Of two people the first wins: of a
 * node that is about to end nothing else can be asked, but to cancel it once more.
 */
export function findOpen(
  { state, scheduler, aboutToEnd }: Pick<VerbParts, 'state' | 'scheduler' | 'aboutToEnd'>,
  id: string,
  verb?: 'cancel',
): number | Answer {
  const index = state.find(id);
  if (index === undefined) return no(`the graph has no node ${preview(id)}`);
  const ending = scheduler.ending(index);
  if (ending) return no(`${id} is already ${ending.status}`);
  if (scheduler.hasPassed(index) && verb !== 'cancel')
    return no(`${id} has done its work, and its result is being made; cancel it to do without`);
  const end = aboutToEnd(index);
  if (!end || (verb === 'cancel' && end.status === 'CANCELLED')) return index;
  const { status, by } = end;
  return no(`${id} is about to end ${status}, as ${by ?? 'somebody'} asked`);
}

/** How a node is about to end, and who asked for it. */
export interface AboutToEnd {
  status: TerminalStatus;
  by?: string | undefined;
}

/** The answer where nothing starts any more; undefined while something may. */
export function nothingStarts({
  status,
  stopping,
  isClosing,
}: Pick<VerbParts, 'status' | 'stopping' | 'isClosing'>): Answer | undefined {
  const now = status();
  if (isTerminal(now)) return no(`the execution is already ${now}`);
  return isClosing() ? no('every node has ended: it is closing') : stopped(stopping());
}

type Who = Pick<PauseRequest, 'by' | 'note' | 'reason'>;

const RUNNING_SAYS: Record<'soft' | 'hard', (running: number) => string> = {
  soft: (running) =>
    running > 0
      ? `; ${nodes(running)} handed to workers may end, and retry where the server keeps the wait`
      : '',
  hard: (running) =>
    running > 0 ? `; ${nodes(running)} were asked to stop at their last checkpoint` : '',
};

const nodes = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`);
const stopped = (reason: StatusReason | undefined): Answer | undefined =>
  reason && no(`the execution is being stopped (${reason})`);
export const yes = (message: string): Answer => ({ success: true, message });
export const no = (message: string): Answer => ({ success: false, message });

function markOf(
  status: Status,
  { by, note: said, reason }: { [K in keyof Who]?: Who[K] | undefined },
): StatusChange {
  const note = reason ?? said;
  return {
    status,
    at: new Date(Date.now()).toISOString(),
    ...(status === 'PAUSED' ? { reason: 'paused' as const } : {}),
    ...(status === 'CANCELLED' ? { reason: 'cancelled' as const } : {}),
    ...(by === undefined ? {} : { by }),
    ...(note === undefined ? {} : { note }),
  };
}
