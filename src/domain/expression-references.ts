/** What an expression reads, found in its syntax tree. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { isObject, preview } from './json.js';
import type { LateName } from './late-values.js';
import { didYouMean } from './suggest.js';

/** A place in a node's output: `tasks.a.output.files[0]` is `{ task: 'a', path: ['files', 0] }`. */
export interface OutputPath {
  task: string;
  path: (string | number)[];
}

export interface References {
  /** Ids below `tasks`. */
  tasks: string[];
  /** Names below `params`. */
  params: string[];
  /** True when `tasks` or `params` is used as a whole, or indexed by something that is not a literal. */
  dynamic: boolean;
  /** Places in outputs that must be there; not those inside `has(…)` or behind an optional step. */
  outputs: OutputPath[];
  /** The place, when the expression is that and nothing else. */
  whole?: OutputPath;
  /** What the worker puts in at the last moment, when the expression is that and nothing else. */
  late?: LateName;
  /** True when it reads `env` or `secrets` in any other way. */
  lateInside: boolean;
  /** Fields that there never are, in words: a node has an output, a status and artifacts. */
  unknown: string[];
}

/** The nodes directly below a node of the syntax tree. */
export function children(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (isObject(value) && typeof value['op'] === 'string')
      found.push(value as unknown as ASTNode);
  };
  visit(node.args);
  return found;
}

export function referencesOf(root: ASTNode): References {
  const found = { tasks: new Set<string>(), params: new Set<string>() };
  const outputs: OutputPath[] = [];
  let dynamic = false;
  let reads = 0;
  const unknown = new Set<string>();
  const visit = (node: ASTNode, certain: boolean): void => {
    const chain = chainOf(node);
    const [root, name] = chain?.steps ?? [];
    if (root === 'env' || root === 'secrets') reads++;
    const stranger = chain && certain ? strangerIn(chain) : undefined;
    if (stranger !== undefined) unknown.add(stranger);
    if (chain && (root === 'tasks' || root === 'params')) {
      if (typeof name !== 'string') dynamic = true;
      else found[root].add(name);
      const output = certain ? outputOf(chain) : undefined;
      if (output) outputs.push(output);
      return;
    }
    const tests = node.op === 'call' && node.args[0] === 'has';
    children(node).forEach((child) => visit(child, certain && !tests));
  };
  visit(root, true);
  const chain = chainOf(root);
  const whole = chain && outputOf(chain);
  const late = chain && lateOf(chain);
  return {
    tasks: [...found.tasks],
    params: [...found.params],
    dynamic,
    outputs,
    ...(whole && chain.certain === chain.steps.length ? { whole } : {}),
    ...(late ? { late } : {}),
    lateInside: reads > 0 && !late,
    unknown: [...unknown],
  };
}

/** What expressions see of each node, and of their execution. */
const NODE_FIELDS = ['output', 'status', 'artifacts'];
const EXECUTION_FIELDS = ['id', 'graph', 'project', 'sessionId', 'scheduledTime', 'metadata'];

function strangerIn({ steps, certain }: Chain): string | undefined {
  const [root, first, second] = steps.slice(0, certain);
  const [where, field, known] =
    root === 'tasks'
      ? [`tasks.${String(first)}`, second, NODE_FIELDS]
      : root === 'execution'
        ? ['execution', first, EXECUTION_FIELDS]
        : [];
  if (typeof field !== 'string' || !known || known.includes(field)) return undefined;
  const near = didYouMean(field, known);
  return `${where} has ${known.join(', ')}, and no ${preview(field)}${near === undefined ? '' : ` (${near})`}`;
}

function lateOf({ steps, certain }: Chain): LateName | undefined {
  const [kind, name] = steps;
  const alone = steps.length === 2 && certain === 2;
  return alone && (kind === 'env' || kind === 'secrets') && typeof name === 'string'
    ? { kind, name }
    : undefined;
}

/** Steps from a variable on; those after the first `certain` ones stand behind an optional step. */
interface Chain {
  steps: (string | number)[];
  certain: number;
}

/** `tasks.a.output`, `tasks["a"]`, `tasks.a.output[0]` and their optional forms, as far as the steps are literals. */
function chainOf(node: ASTNode): Chain | undefined {
  if (node.op === 'id') return { steps: [node.args], certain: 1 };
  if (node.op !== '.' && node.op !== '.?' && node.op !== '[]' && node.op !== '[?]')
    return undefined;
  const [object, member] = node.args;
  const step = typeof member === 'string' ? member : literalStep(member);
  const before = step === undefined ? undefined : chainOf(object);
  if (!before || step === undefined) return undefined;
  const optional = node.op === '.?' || node.op === '[?]';
  const certain = !optional && before.certain === before.steps.length;
  return { steps: [...before.steps, step], certain: certain ? before.certain + 1 : before.certain };
}

function literalStep(node: ASTNode): string | number | undefined {
  if (node.op !== 'value') return undefined;
  if (typeof node.args === 'bigint') return Number(node.args);
  return typeof node.args === 'string' ? node.args : undefined;
}

function outputOf({ steps, certain }: Chain): OutputPath | undefined {
  const [root, task, field, ...path] = steps.slice(0, certain);
  return root === 'tasks' && typeof task === 'string' && field === 'output'
    ? { task, path }
    : undefined;
}
