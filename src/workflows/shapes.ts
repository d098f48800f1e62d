/**
 * What any client may send to our workflows and signals, checked before it is used: an exception in workflow code would
 * make the workflow task fail for ever.
 */
import { isObject } from '../domain/json.js';
import { isTerminal, STATUSES } from '../domain/status.js';
import type { AskRequest } from './asks.js';
import type {
  AboveSignal,
  AssignSignal,
  CancelSignal,
  Carry,
  CarryAway,
  EndedSignal,
  ProbeSignal,
  SegmentArgs,
  SettledSignal,
  SubscribeSignal,
  TellSignal,
} from './between.js';
import type { ApproveRequest, CancelNodeRequest, PauseRequest } from './messages.js';
import type { WaitingQuery } from './waiting-page.js';
import type { BelowRequest, NodeOrder } from './requests.js';

export function isCarry(value: unknown): value is Carry | CarryAway {
  if (!isObject(value)) return false;
  if (typeof value['ref'] === 'string')
    return value['late'] === undefined || isListOf(value['late'], isSettled);
  const lists = [
    'upstream',
    'rounds',
    'pages',
    'failures',
    'segments',
    'cancelled',
    'marks',
    'nodeMarks',
    'subscribers',
  ];
  return (
    isObject(value['prepared']) &&
    isObject(value['scheduler']) &&
    lists.every((name) => Array.isArray(value[name]))
  );
}

export function isSegmentArgs(value: unknown): value is SegmentArgs {
  return (
    isObject(value) &&
    typeof value['coordinatorId'] === 'string' &&
    isObject(value['prepared']) &&
    isObject(value['prepared']['execution']) &&
    Array.isArray(value['classes']) &&
    isAssign(value, value['classes'].length)
  );
}

export function isAssign(value: unknown, classes: number): value is AssignSignal {
  if (!isObject(value) || !isOrders(value['orders'], classes)) return false;
  const { bursts = [], lent } = value;
  return (
    isListOf(bursts, (burst) => isBurst(burst, classes)) &&
    (lent === undefined || isLent(lent, classes))
  );
}

const isIndexes = (value: unknown): boolean => isListOf(value, (at) => Number.isInteger(at));

function isLent(value: unknown, classes: number): boolean {
  const isNode = (node: unknown): boolean =>
    isObject(node) &&
    isOrders([node['order']], classes) &&
    isIndexes(node['waitsFor']) &&
    Number.isInteger(node['rank'] ?? 0) &&
    isListOf(
      node['reads'] ?? [],
      (read) => Array.isArray(read) && Number.isInteger(read[0]) && typeof read[1] === 'string',
    );
  if (!isObject(value)) return false;
  const { nodes, quiet, places = 0 } = value;
  return isListOf(nodes, isNode) && isIndexes(quiet) && Number.isInteger(places);
}

const isPositions = (value: unknown, nodes: unknown): boolean =>
  isListOf(value, (at) => Number.isInteger(at) && Array.isArray(nodes) && (at as number) in nodes);

function isBurst(value: unknown, classes: number): boolean {
  if (!isObject(value) || typeof value['places'] !== 'number') return false;
  const { nodes } = value;
  const isNode = (node: unknown): boolean =>
    isObject(node) &&
    isOrders([node['order']], classes) &&
    isPositions(node['waitsFor'], nodes) &&
    isPositions(node['reads'] ?? [], nodes);
  return isListOf(nodes, isNode);
}

export function isTell(value: unknown): value is TellSignal {
  return isObject(value) && Array.isArray(value['indexes']) && isAbove(value['tell']);
}

export function isAbove(value: unknown): value is AboveSignal {
  return (
    isObject(value) &&
    ['pause', 'resume', 'cancel'].includes(String(value['verb'])) &&
    isPause({ ...value, nodeId: undefined })
  );
}

export function isBelow(value: unknown): value is Omit<BelowRequest, 'executionId' | 'run'> {
  if (!isObject(value)) return false;
  const { request, kind, spec, depth } = value;
  return (
    isObject(request) &&
    isObject(request['execution']) &&
    isObject(request['node']) &&
    isObject(request['body']) &&
    (kind === 'graph' || kind === 'map') &&
    typeof spec === 'string' &&
    typeof depth === 'number'
  );
}

export function isApprove(value: unknown): value is ApproveRequest {
  if (!isObject(value)) return false;
  const { nodeId, approved, by, note } = value;
  return isNodeId(nodeId) && typeof approved === 'boolean' && isShortText(by) && isShortText(note);
}

/** A text of at most 1,000 characters, or nothing. */
const isShortText = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && value.length <= 1_000);

export function isCancel(value: unknown): value is CancelSignal {
  return isObject(value) && Array.isArray(value['indexes']);
}

export function isCancelNode(value: unknown): value is CancelNodeRequest {
  return isObject(value) && isNodeId(value['nodeId']) && isPause({ ...value, mode: undefined });
}

export function isPause(value: unknown): value is PauseRequest {
  if (!isObject(value)) return false;
  const { nodeId, mode, by, note, reason } = value;
  return (
    (nodeId === undefined || isNodeId(nodeId)) &&
    (mode === undefined || mode === 'soft' || mode === 'hard') &&
    [by, note, reason].every(isShortText)
  );
}

export function isWaitingQuery(value: unknown): value is WaitingQuery {
  if (!isObject(value)) return false;
  const { node, cursor } = value;
  return (
    (node === undefined || typeof node === 'string') &&
    (cursor === undefined || Number.isSafeInteger(cursor))
  );
}

const isNodeId = (value: unknown): boolean => typeof value === 'string' && value.length <= 128;

export function isSubscribe(value: unknown): value is SubscribeSignal {
  return (
    isObject(value) &&
    typeof value['subscriber'] === 'string' &&
    typeof value['startedAt'] === 'number' &&
    (value['nodeId'] === undefined || isNodeId(value['nodeId']))
  );
}

export function isEnded(value: unknown): value is EndedSignal {
  return (
    isObject(value) &&
    typeof value['executionId'] === 'string' &&
    STATUSES.some((status) => status === value['status'] && isTerminal(status)) &&
    (value['reason'] === undefined || typeof value['reason'] === 'string')
  );
}

export function isProbe(value: unknown): value is ProbeSignal {
  return (
    isObject(value) &&
    Array.isArray(value['path']) &&
    value['path'].every((id) => typeof id === 'string')
  );
}

export function isSettled(value: unknown): value is SettledSignal {
  return (
    isObject(value) &&
    typeof value['segmentId'] === 'string' &&
    Number.isInteger(value['kept'] ?? 0) &&
    isListOf(value['outcomes'], isSettledPair)
  );
}

export function isAsk(value: unknown): value is AskRequest {
  return (
    isObject(value) &&
    (value['kind'] === 'check' ||
      value['kind'] === 'plan' ||
      value['kind'] === 'rerun' ||
      value['kind'] === 'worker' ||
      value['kind'] === 'probe' ||
      (value['kind'] === 'end' && typeof value['workflowId'] === 'string') ||
      (value['kind'] === 'programs' &&
        typeof value['queue'] === 'string' &&
        value['queue'] !== '' &&
        Array.isArray(value['asks'])) ||
      ((value['kind'] === 'read' || value['kind'] === 'find') &&
        typeof value['ref'] === 'string') ||
      (value['kind'] === 'keep' && (typeof value['text'] === 'string' || isRefs(value['parts']))))
  );
}

const isRefs = (value: unknown): boolean => isListOf(value, (one) => typeof one === 'string');

function isListOf(value: unknown, isOne: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function isSettledPair(pair: unknown): boolean {
  if (!Array.isArray(pair)) return false;
  const [index, outcome] = pair as unknown[];
  const shaped =
    isObject(outcome) &&
    (Array.isArray(outcome['attempts']) ||
      outcome['left'] ||
      (isObject(outcome['passed']) && Array.isArray(outcome['passed']['attempts'])) ||
      (outcome['begun'] && Number.isFinite(outcome['at'] ?? 0)));
  return typeof index === 'number' && Boolean(shaped);
}

function isOrders(value: unknown, classes: number): value is NodeOrder[] {
  const known = (index: unknown): boolean =>
    typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < classes;
  return (
    Array.isArray(value) &&
    value.every(
      (order) =>
        isObject(order) &&
        typeof order['index'] === 'number' &&
        typeof order['id'] === 'string' &&
        isObject(order['body']) &&
        known(order['class']),
    )
  );
}
