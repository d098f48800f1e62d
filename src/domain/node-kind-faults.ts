/** What is wrong with a node's kind: too many of them or none, options that it cannot have, a sub-graph that is none. */
import { append } from './append.js';
import { fault, type Fault } from './fault.js';
import { formatPath, isObject, joinPath, preview, setOwn, type Json } from './json.js';
import type { KnownTasks } from './known-tasks.js';
import type { LooseNode } from './loose-node.js';
import { MAX_DEPTH, NODE_WORK } from './node-kind.js';
import { resolveParams } from './params.js';
import { ParamSpecSchema, TaskOptionsSchema, type ParamSpec } from './spec.js';
import { programFaults, schemaFaults } from './program-faults.js';
import { didYouMean } from './suggest.js';

/** Options that mean something where nothing of the node's own runs. */
const OPTIONS_OF_ANY: ReadonlySet<string> = new Set(['priority', 'expectedDuration']);
const TASK_OPTIONS = Object.keys(TaskOptionsSchema.shape).filter((key) => !OPTIONS_OF_ANY.has(key));

/** Validates a sub-graph, one level below. */
export type ValidateBelow = (spec: unknown) => Fault[];

/** @param depth how many graphs this one is below; 0 for one that stands by itself */
export function kindFaults(
  node: LooseNode,
  tasks: KnownTasks | undefined,
  depth: number,
  below: ValidateBelow,
): Fault[] {
  const { index, graph, approval, map } = node;
  if (!node.raw) return []; // no object: the schema says so
  const at = (...rest: (string | number)[]) => ['tasks', index, ...rest];
  const kinds = Object.keys(node.work);
  const oneOf = `a node has one of ${NODE_WORK.join(', ')}`;
  if (kinds.length === 0) {
    const hint = 'name the task that it runs; or give a program, a graph, or an approval';
    return [fault(at('task'), 'MISSING', oneOf, hint)];
  }
  const faults: Fault[] = [];
  const [, second] = kinds;
  if (second)
    faults.push(
      fault(
        at(second),
        'INVALID_VALUE',
        `${oneOf}, and this one has ${kinds.join(' and ')}`,
        'make two nodes of it, one after the other',
      ),
    );
  faults.push(...programFaults(node));
  if (approval !== undefined && map !== undefined)
    faults.push(
      fault(at('map'), 'INVALID_VALUE', 'an approval is one question and cannot be mapped'),
    );
  if (approval !== undefined && node.input !== undefined)
    faults.push(
      fault(at('input'), 'INVALID_VALUE', 'an approval has no input', 'put it into the message'),
    );
  if (approval !== undefined) faults.push(...payloadFaults(index, approval));
  if (graph !== undefined || approval !== undefined) faults.push(...optionFaults(node));
  if (graph !== undefined) append(faults, graphFaults(node, tasks, depth, below));
  if (map !== undefined && depth >= MAX_DEPTH) faults.push(tooDeep(index, 'map'));
  return faults;
}

function optionFaults({ index, raw = {}, graph }: LooseNode): Fault[] {
  const what = graph === undefined ? 'an approval' : 'a sub-graph';
  const hint =
    graph === undefined ? 'leave it out' : "say it in the sub-graph's defaults, or at its tasks";
  return TASK_OPTIONS.filter((option) => Object.hasOwn(raw, option)).map((option) =>
    fault(
      ['tasks', index, option],
      'INVALID_VALUE',
      `${JSON.stringify(option)} is an option of tasks, and ${what} runs none itself`,
      hint,
    ),
  );
}

/** The schema of what an answer brings: whoever answers could not mend it. */
function payloadFaults(index: number, approval: unknown): Fault[] {
  const payload = isObject(approval) ? approval['payload'] : undefined;
  return schemaFaults(payload, ['tasks', index, 'approval', 'payload']);
}

const tooDeep = (index: number, field: 'map' | 'graph'): Fault =>
  fault(
    ['tasks', index, field],
    'TOO_LARGE',
    `graphs may be at most ${MAX_DEPTH} deep in each other`,
    'a map counts as one; start the inner one as an execution of its own, from a task',
  );

function graphFaults(
  { index, graph, input }: LooseNode,
  tasks: KnownTasks | undefined,
  depth: number,
  below: ValidateBelow,
): Fault[] {
  const path = ['tasks', index, 'graph'];
  if (depth >= MAX_DEPTH) return [tooDeep(index, 'graph')];
  let spec: unknown = graph;
  if (typeof graph === 'string') {
    const found = tasks?.graph?.(graph);
    if (!found) return [];
    if ('problem' in found) return [fault(path, 'UNKNOWN_TASK', found.problem, found.hint)];
    ({ spec } = found);
  }
  if (!isObject(spec)) return []; // the schema says so
  const inner = below(spec).map((one) => ({
    ...one,
    path: joinPath(path, one.path),
  }));
  return [...inner, ...paramFaults(index, spec['params'], input)];
}

/** The parameters that a sub-graph is given, as far as they are known before it runs. */
function paramFaults(index: number, declared: unknown, input: unknown): Fault[] {
  const specs = specsOf(declared);
  if (!specs || typeof input === 'string') return []; // one expression for all of them
  const path = ['tasks', index, 'input'];
  if (input !== undefined && input !== null && !isObject(input))
    return [
      fault(
        path,
        'INVALID_TYPE',
        `expected an object of the sub-graph's parameters, got ${preview(input)}`,
      ),
    ];
  const given = isObject(input) ? input : {};
  const names = Object.keys(specs);
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(specs, name));
  const missing = names.filter(
    (name) => !Object.hasOwn(given, name) && specs[name]?.default === undefined,
  );
  const constant: Record<string, Json> = {};
  const constantSpecs: Record<string, ParamSpec> = {};
  for (const [name, value] of Object.entries(given)) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (!spec || JSON.stringify(value ?? null).includes('${{')) continue;
    setOwn(constant, name, value as Json);
    setOwn(constantSpecs, name, spec);
  }
  return [
    ...unknown.map((name) =>
      fault(
        [...path, name],
        'UNKNOWN_PARAM',
        `the sub-graph has no parameter ${JSON.stringify(name)}`,
        didYouMean(name, names) ??
          (names.length > 0 ? `it has ${names.join(', ')}` : 'it has none'),
      ),
    ),
    ...missing.map((name) =>
      fault([...path, name], 'MISSING', 'must be given: it has no default in the sub-graph'),
    ),
    ...resolveParams(constantSpecs, constant).faults.map((one) => ({
      ...one,
      path: `${formatPath(path)}${one.path.replace(/^params/, '')}`,
    })),
  ];
}

function specsOf(declared: unknown): Record<string, ParamSpec> | undefined {
  if (declared === undefined) return {};
  if (!isObject(declared)) return undefined; // the inner graph's own faults say so
  const specs: Record<string, ParamSpec> = {};
  for (const [name, value] of Object.entries(declared)) {
    const parsed = ParamSpecSchema.safeParse(value);
    if (!parsed.success) return undefined;
    setOwn(specs, name, parsed.data);
  }
  return specs;
}
