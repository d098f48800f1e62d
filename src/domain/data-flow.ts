/** What the nodes' inputs and conditions read: whether it is there, whether it is waited for, whether it fits. */
import { MAX_READS } from './budget.js';
import { conditionProblem } from './condition.js';
import { inputVariables } from './expression.js';
import type { References } from './expression-references.js';
import { fault, type Fault } from './fault.js';
import { formatPath, isObject, type Json, type Path } from './json.js';
import type { KnownTasks } from './known-tasks.js';
import { listProblem } from './list-expression.js';
import type { LooseNode } from './loose-node.js';
import { mismatch, readProblem, type JsonSchema } from './schema-flow.js';
import { didYouMean, hintBudget } from './suggest.js';
import { templateProblems, type Template } from './template.js';
import type { Ancestors } from './topology.js';

function tooManyReads(count: number, path: Path): Fault {
  const hint = 'gather them in steps, some hundred at a time';
  return fault(path, 'TOO_LARGE', `reads ${count} tasks; the limit is ${MAX_READS}`, hint);
}

/** What is read in one field of a node. */
interface Read {
  field: 'input' | 'when' | 'map' | 'approval';
  references: Pick<References, 'tasks' | 'params' | 'dynamic' | 'unknown'>;
  places: Template['places'];
  problems: { path: Path; message: string }[];
}

const NOTHING_READ: Read['references'] = { tasks: [], params: [], dynamic: false, unknown: [] };

/** What a condition has to give. */
const BOOLEAN: JsonSchema = { type: 'boolean' };

/** Checks what the nodes' inputs and conditions read, and remembers it. */
export class DataFlow {
  readonly reads: number[][] = [];
  readonly readsParams: boolean[] = [];
  private readonly hints = hintBudget();

  constructor(
    private readonly nodes: readonly LooseNode[],
    private readonly indexOf: ReadonlyMap<string, number>,
    private readonly params: readonly string[],
    private readonly ancestors: Ancestors,
    private readonly faults: Fault[],
  ) {}

  check(node: LooseNode, tasks: KnownTasks | undefined): void {
    const all = [
      this.input(node, tasks),
      ...this.condition(node),
      ...this.list(node),
      ...this.question(node),
    ];
    for (const read of all) this.checkRead(node, read, tasks);
    const before = this.faults.length;
    const found = all.flatMap(({ field, references }) =>
      references.tasks.flatMap((id) => this.referenced(node, id, ['tasks', node.index, field])),
    );
    // Half of an id with a dot looks like a field: then it is the id that is wrong.
    if (this.faults.length === before)
      for (const { field, references } of all)
        for (const message of references.unknown)
          this.faults.push(fault(['tasks', node.index, field], 'EXPRESSION', message));
    this.reads[node.index] = [...new Set(found)];
    this.readsParams[node.index] = all.some(({ references }) => references.params.length > 0);
    const count = new Set(all.flatMap(({ references }) => references.tasks)).size;
    if (count > MAX_READS) this.faults.push(tooManyReads(count, ['tasks', node.index, 'input']));
  }

  private input(node: LooseNode, tasks: KnownTasks | undefined): Read {
    const path = ['tasks', node.index, 'input'];
    const input = (node.input ?? null) as Json;
    const variables = inputVariables({
      task: node.runs,
      map: node.map !== undefined,
    });
    const { template, problems } = templateProblems(input, path, variables);
    const { references, places } = template;
    const constant =
      problems.length === 0 &&
      references.tasks.length === 0 &&
      references.params.length === 0 &&
      !references.dynamic;
    if (
      constant &&
      typeof node.task === 'string' &&
      tasks?.checkInput &&
      !JSON.stringify(input).includes('${{')
    ) {
      const wrong = tasks.checkInput(node.task, input);
      this.faults.push(...wrong.map((message) => fault(path, 'INPUT_INVALID', message)));
    }
    return { field: 'input', references, places, problems };
  }

  private condition({ index, when }: LooseNode): Read[] {
    if (typeof when !== 'string' || when === '') return []; // the schema says so
    const at: Path = ['tasks', index, 'when'];
    const condition = conditionProblem(when);
    if ('problem' in condition) {
      const references = NOTHING_READ;
      const problems = [{ path: at, message: condition.problem }];
      return [{ field: 'when', references, places: [], problems }];
    }
    const { references } = condition;
    const { outputs, whole } = references;
    const places = [{ at, outputs, ...(whole ? { whole } : {}) }];
    return [{ field: 'when', references, places, problems: [] }];
  }

  /** What a map goes over. */
  private list({ index, map }: LooseNode): Read[] {
    const over = isObject(map) ? map['over'] : map;
    const at: Path = ['tasks', index, 'map', ...(isObject(map) ? ['over'] : [])];
    if (Array.isArray(over)) return [this.template('map', over as Json, at)];
    if (typeof over !== 'string' || over === '') return []; // the schema says so
    const list = listProblem(over);
    if (!('problem' in list))
      return [{ field: 'map', references: list.references, places: [], problems: [] }];
    const references = NOTHING_READ;
    return [
      { field: 'map', references, places: [], problems: [{ path: at, message: list.problem }] },
    ];
  }

  /** What is asked of somebody. */
  private question({ index, approval }: LooseNode): Read[] {
    const message = isObject(approval) ? approval['message'] : undefined;
    if (typeof message !== 'string') return []; // the schema says so
    return [this.template('approval', message, ['tasks', index, 'approval', 'message'])];
  }

  private template(field: Read['field'], value: Json, path: Path): Read {
    const { template, problems } = templateProblems(value, path);
    return { field, references: template.references, places: [], problems };
  }

  private checkRead(node: LooseNode, read: Read, tasks: KnownTasks | undefined): void {
    const { field, references, problems } = read;
    const path = ['tasks', node.index, field];
    for (const { path: at, message } of problems) {
      const hint = this.hints(
        () => this.hyphenHint(message) ?? itemHint(message) ?? this.bareHint(message),
      );
      this.faults.push(fault(at, 'EXPRESSION', message, hint));
    }
    if (references.dynamic) {
      this.faults.push(
        fault(
          path,
          'EXPRESSION',
          'tasks and params must be indexed by a name that stands in the expression',
          `for example tasks["${[...this.indexOf.keys()][0] ?? 'a'}"].output`,
        ),
      );
    }
    if (tasks?.schemas) this.checkEdges(node, read, tasks);
    for (const name of references.params)
      if (!this.params.includes(name)) this.unknownParam(name, path);
  }

  /** What earlier tasks give against what is read of it, and against what is taken there. */
  private checkEdges(node: LooseNode, { field, places }: Read, tasks: KnownTasks): void {
    const outputOf = (id: string): JsonSchema | undefined => {
      const { task, result, map } = this.nodes[this.indexOf.get(id) ?? -1] ?? {};
      // What is made of an output has a shape of its own.
      const known =
        typeof task === 'string' && result === undefined
          ? tasks.schemas?.(task)?.output
          : undefined;
      return known && map !== undefined ? { type: 'array', items: known } : known;
    };
    const input = typeof node.task === 'string' ? tasks.schemas?.(node.task)?.input : undefined;
    for (const { at, outputs, whole } of places) {
      for (const { task, path } of outputs) {
        const problem = readProblem(outputOf(task), path);
        const message =
          problem && `reads ${placeOf(task, path)}, but the output ${problem.message}`;
        if (message) this.faults.push(fault(at, 'UNKNOWN_REFERENCE', message, problem.hint));
      }
      // The first three steps of a place are tasks, the node's index and the field.
      const taken = { schema: field === 'when' ? BOOLEAN : input, path: at.slice(3) };
      const wrong = whole && mismatch({ schema: outputOf(whole.task), path: whole.path }, taken);
      const code = field === 'when' ? 'EXPRESSION' : 'INPUT_INVALID';
      if (wrong) this.faults.push(fault(at, code, `${placeOf(whole.task, whole.path)} ${wrong}`));
    }
  }

  private referenced(node: LooseNode, id: string, path: (string | number)[]): number[] {
    const index = this.indexOf.get(id);
    if (index === undefined) {
      this.faults.push(
        fault(
          path,
          'UNKNOWN_REFERENCE',
          `reads tasks.${id}, but there is no such task`,
          this.hints(() => this.referenceHint(id)),
        ),
      );
      return [];
    }
    if (!this.ancestors.has(node.index, index)) {
      const hint =
        index === node.index
          ? 'a task cannot read itself'
          : `add ${JSON.stringify(id)} to dependsOn`;
      this.faults.push(
        fault(
          path,
          'NOT_AN_ANCESTOR',
          `reads tasks[${JSON.stringify(id)}], which ${JSON.stringify(node.id)} does not wait for`,
          hint,
        ),
      );
    }
    return [index];
  }

  private referenceHint(id: string): string | undefined {
    const longer = [...this.indexOf.keys()].find(
      (other) => other.startsWith(`${id}-`) || other.startsWith(`${id}.`),
    );
    return longer === undefined ? didYouMean(id, this.indexOf.keys()) : quotedHint(longer);
  }

  /** `tasks.lines-1.output` is a subtraction in CEL: the usual reason for an expression that makes no sense. */
  private hyphenHint(message: string): string | undefined {
    const meant = [...this.indexOf.keys()].find(
      (id) => id.includes('-') && message.includes(`tasks.${id}`),
    );
    return meant === undefined ? undefined : quotedHint(meant);
  }

  /** `load.output` and `day`, where there is such a node or such a parameter. */
  private bareHint(message: string): string | undefined {
    const [, name] = /Unknown variable: (\w+)/.exec(message) ?? [];
    if (name === undefined) return undefined;
    if (this.params.includes(name)) return `a parameter is written params.${name}`;
    return this.indexOf.has(name) ? `a node's output is written tasks.${name}.output` : undefined;
  }

  private unknownParam(name: string, path: (string | number)[]): void {
    const hint = this.hints(() => didYouMean(name, this.params)) ?? 'declare it under params';
    this.faults.push(
      fault(path, 'UNKNOWN_PARAM', `reads params.${name}, which the graph does not declare`, hint),
    );
  }
}

/** @returns what is meant where a variable is not known that there is elsewhere */
function itemHint(message: string): string | undefined {
  if (/Unknown variable: (secrets|env)\b/.test(message))
    return 'secrets and env are there in the input of a task only: what else holds an input is stored';
  return /Unknown variable: (item|index)\b/.test(message)
    ? 'item and index are there in the input of a node with map only'
    : undefined;
}

const quotedHint = (id: string): string =>
  `an id with "-" or "." is written tasks[${JSON.stringify(id)}]`;

const placeOf = (task: string, path: Path): string =>
  formatPath(['tasks', task, 'output', ...path]);
