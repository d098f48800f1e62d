/** What any client may send to the updates of `operator-messages.ts`, checked before it is used. */
import { isObject, jsonBytes } from '../domain/json.js';
import { PRIORITIES } from '../domain/priority.js';
import type { OperatorVerb } from '../domain/status.js';
import type { OperatorRequests } from './operator-messages.js';

/** Bytes of JSON: what goes to a worker and stands in the history has to be well below a payload's 2 MB. */
export const VALUE_BYTES = 1_000_000;
const EDIT_BYTES = 1_000_000;
const EDIT_NODES = 1_000;

type Check = (value: Record<string, unknown>) => boolean;

/** How each verb is written, for whoever wrote it wrong. */
export const TAKES: Record<OperatorVerb, string> = {
  retryNow: '{ "nodeId": "<id>", "reason": "<why>", "by"? }',
  skip: '{ "nodeId": "<id>", "reason": "<why>", "by"? }',
  complete: `{ "nodeId": "<id>", "value": <its output, at most ${VALUE_BYTES} bytes>, "reason": "<why>", "by"? }`,
  fail: '{ "nodeId": "<id>", "message": "<1 to 4,000 characters>", "reason": "<why>", "by"? }',
  setPriority: `{ "nodeId"?: "<id>", "priority": ${PRIORITIES.map((one) => `"${one}"`).join(' | ')}, "reason": "<why>", "by"? }`,
  setConcurrency: '{ "concurrency": <1 to 1,000>, "reason": "<why>", "by"? }',
  edit: `{ "add"?: [<node>, …], "replace"?: [<node>, …], "ifVersion"?: <from 1>, "reason": "<why>", "by"? }, at most ${EDIT_NODES} nodes and ${EDIT_BYTES} bytes`,
};

const CHECKS: Record<OperatorVerb, Check> = {
  retryNow: ofNode,
  skip: ofNode,
  complete: (value) =>
    ofNode(value) && value['value'] !== undefined && jsonBytes(value['value']) <= VALUE_BYTES,
  fail: (value) => ofNode(value) && isText(value['message'], 4_000),
  setPriority: ({ nodeId, priority }) =>
    (nodeId === undefined || isText(nodeId, 128)) && PRIORITIES.some((one) => one === priority),
  setConcurrency: ({ concurrency }) => isWhole(concurrency) && concurrency <= 1_000,
  edit: ({ add = [], replace = [], ifVersion }) =>
    isNodes(add) &&
    isNodes(replace) &&
    add.length + replace.length > 0 &&
    add.length + replace.length <= EDIT_NODES &&
    (ifVersion === undefined || isWhole(ifVersion)) &&
    jsonBytes([add, replace]) <= EDIT_BYTES,
};

/** True for the argument of a verb. */
export function isOperatorRequest<V extends OperatorVerb>(
  verb: V,
  value: unknown,
): value is OperatorRequests[V] {
  if (!isObject(value)) return false;
  const { reason, by } = value;
  return (
    isText(reason, 1_000) &&
    reason.trim() !== '' &&
    (by === undefined || isText(by, 1_000)) &&
    CHECKS[verb](value)
  );
}

function ofNode({ nodeId }: Record<string, unknown>): boolean {
  return isText(nodeId, 128);
}

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value !== '' && value.length <= most;

const isWhole = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1;

const isNodes = (value: unknown): value is { id: string }[] =>
  Array.isArray(value) && value.every((node) => isObject(node) && isText(node['id'], 128));
