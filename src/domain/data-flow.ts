/** What the nodes' inputs read: whether it is there, whether it is waited for, whether it fits. */
import { MAX_READS } from './budget.js';
import { fault, type Fault } from './fault.js';
import { formatPath, type Json, type Path } from './json.js';
import type { KnownTasks } from './known-tasks.js';
import type { LooseNode } from './loose-node.js';
import { mismatch, readProblem, type JsonSchema } from './schema-flow.js';
import { didYouMean, hintBudget } from './suggest.js';
import { templateProblems, type Template } from './template.js';
import type { Ancestors } from './topology.js';

function tooManyReads(count: number, path: Path): Fault {
  const hint = 'gather them in steps, some hundred at a time';
  return fault(path, 'TOO_LARGE', `reads ${count} tasks; the limit is ${MAX_READS}`, hint);
}

/** Checks what the nodes' inputs read, and remembers it. */
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
    const path = ['tasks', node.index, 'input'];
    const { template, problems } = templateProblems((node.input ?? null) as Json, path);
    for (const { path: at, message } of problems) {
      const hint = this.hints(() => this.hyphenHint(message));
      this.faults.push(fault(at, 'EXPRESSION', message, hint));
    }
    const { references } = template;
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
    if (tasks?.schemas) this.checkEdges(node, template, tasks);
    this.readsParams[node.index] = references.params.length > 0;
    this.reads[node.index] = references.tasks.flatMap((id) => this.referenced(node, id, path));
    if (references.tasks.length > MAX_READS)
      this.faults.push(tooManyReads(references.tasks.length, path));
    for (const name of references.params)
      if (!this.params.includes(name)) this.unknownParam(name, path);
    const constant =
      problems.length === 0 &&
      references.tasks.length === 0 &&
      references.params.length === 0 &&
      !references.dynamic;
    if (
      constant &&
      typeof node.task === 'string' &&
      tasks?.checkInput &&
      !JSON.stringify(node.input ?? null).includes('${{')
    ) {
      const wrong = tasks.checkInput(node.task, (node.input ?? null) as Json);
      this.faults.push(...wrong.map((message) => fault(path, 'INPUT_INVALID', message)));
    }
  }

  /** What earlier tasks give against what is read of it, and against what this task takes there. */
  private checkEdges(node: LooseNode, template: Template, tasks: KnownTasks): void {
    const outputOf = (id: string): JsonSchema | undefined => {
      const task = this.nodes[this.indexOf.get(id) ?? -1]?.task;
      return typeof task === 'string' ? tasks.schemas?.(task)?.output : undefined;
    };
    const input = typeof node.task === 'string' ? tasks.schemas?.(node.task)?.input : undefined;
    for (const { at, outputs, whole } of template.places) {
      for (const { task, path } of outputs) {
        const problem = readProblem(outputOf(task), path);
        const message =
          problem && `reads ${placeOf(task, path)}, but the output ${problem.message}`;
        if (message) this.faults.push(fault(at, 'UNKNOWN_REFERENCE', message, problem.hint));
      }
      // The first three steps of a place are tasks, the node's index and "input".
      const taken = { schema: input, path: at.slice(3) };
      const wrong = whole && mismatch({ schema: outputOf(whole.task), path: whole.path }, taken);
      if (wrong)
        this.faults.push(fault(at, 'INPUT_INVALID', `${placeOf(whole.task, whole.path)} ${wrong}`));
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

  private unknownParam(name: string, path: (string | number)[]): void {
    const hint = this.hints(() => didYouMean(name, this.params)) ?? 'declare it under params';
    this.faults.push(
      fault(path, 'UNKNOWN_PARAM', `reads params.${name}, which the graph does not declare`, hint),
    );
  }
}

const quotedHint = (id: string): string =>
  `an id with "-" or "." is written tasks[${JSON.stringify(id)}]`;

const placeOf = (task: string, path: Path): string =>
  formatPath(['tasks', task, 'output', ...path]);
