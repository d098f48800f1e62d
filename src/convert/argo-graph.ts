/** An Argo template that is a graph, a DAG or steps: its nodes, with the templates they name as sub-graphs below it. */
import { TaskError } from '../domain/errors.js';
import { isObject, jsonBytes, preview, setOwn, type JsonObject } from '../domain/json.js';
import { MAX_DEPTH } from '../domain/node-kind.js';
import { argumentsOf, defaultsOf } from './argo-arguments.js';
import { mayBeWrapped, keptBy } from './argo-artifacts.js';
import { waitingOf, type Before } from './argo-depends.js';
import { draftsOf, ordered, type Draft } from './argo-drafts.js';
import { loseFailedReads } from './argo-failed-reads.js';
import { leafOf, loseFiles } from './argo-leaf.js';
import {
  CONCURRENCY,
  defaultsFor,
  type Graph,
  type Inputs,
  type Level,
  type Shared,
} from './argo-level.js';
import { literalItems, loopOf, type Loop } from './argo-loop.js';
import { durationOf } from './argo-options.js';
import { chosenIn, choosesOutputs, OUTPUTS, outputsNode } from './argo-outputs.js';
import type { Given } from './argo-program.js';
import { readsIn, type Reads } from './argo-reads.js';
import { templateOf, type Scope, type Step } from './argo-scope.js';
import { SubGraphInputs } from './argo-sub-graph.js';
import type { Template } from './argo-templates.js';
import { expressionPieces, whenCel } from './argo-when.js';
import { joined } from './cel.js';
import type { NewNode } from './conversion.js';
import { nodeNames } from './ids.js';
import { NotTranslatable } from './logic.js';
import type { Source } from './source.js';

/** Nodes in all, sub-graphs with theirs; templates that use each other grow by powers. */
const MOST_NODES = 20_000;
/** Items of a loop that become nodes since others ask how single ones ended. */
const MOST_WRITTEN_OUT = 250;

/** A step whose loop is known, since all before it are. */
interface Settling {
  ids: string[];
  loop: Loop;
  /** One node for each item, not a map. */
  expanded: boolean;
}

const NOTHING = { artifacts: new Set<string>(), texts: false } as const;

/** True for a template that is a graph. */
export const isGraph = ({ source: { value } }: Template): boolean =>
  isObject(value) && (value['dag'] !== undefined || value['steps'] !== undefined);

/** The graph that a template is, with its inputs as given. */
export function graphOf(template: Template, inputs: Inputs, level: Level, shared: Shared): Graph {
  return new GraphConversion(template, inputs, level, shared).graph();
}

class GraphConversion {
  private readonly steps = new Map<string, Step>();
  private readonly before = new Map<string, Before>();
  private readonly settled = new Map<Draft, Settling>();
  private readonly ids = nodeNames();
  private readonly reads: Reads;
  private readonly chooses: boolean;
  private readonly scope: Scope;

  constructor(
    private readonly template: Template,
    { parameters, files }: Inputs,
    private readonly level: Level,
    private readonly shared: Shared,
  ) {
    this.reads = readsIn(template.source.value);
    // Of the whole pipeline nobody reads what is chosen.
    this.chooses = shared.settled.programs && level.depth > 0 && choosesOutputs(template);
    if (this.chooses) this.ids.fresh(OUTPUTS);
    this.scope = {
      inputs: parameters,
      ...(files ? { files } : {}),
      steps: this.steps,
      secrets: shared.secrets,
      global: (name) => level.global(name),
      expression: expressionPieces,
    };
  }

  graph(): Graph {
    const { source } = this.template;
    const dag = source.get('dag');
    const drafts = draftsOf(this.template, this.shared);
    for (const draft of ordered(drafts)) this.settle(draft);
    const tasks = drafts.flatMap((draft) => this.nodesOf(draft));
    if (this.chooses) tasks.push(outputsNode(source.get('outputs'), tasks, this.scope));
    const concurrency = source.get('parallelism').number();
    const deadline = this.deadline();
    this.lose(source);
    return {
      defaults: defaultsFor(tasks),
      ...(concurrency === undefined
        ? {}
        : { concurrency: Math.min(Math.max(1, Math.trunc(concurrency)), 1_000) }),
      // A DAG starts nothing more once a task has failed; steps end with their group, which is what dependencies do.
      ...(dag.given && dag.get('failFast').flag() !== false
        ? { onFailure: 'failFast' as const }
        : {}),
      ...(deadline === undefined ? {} : { deadline }),
      tasks,
    };
  }

  private deadline(): string | number | undefined {
    const { source } = this.template;
    const first = source.get('activeDeadlineSeconds');
    return durationOf(first.given ? first : source.get('timeout'), this.scope);
  }

  private lose(source: Source): void {
    const retry = source.get('retryStrategy');
    if (retry.given) retry.lose('a graph is not run again as a whole; say retry at its tasks');
    const lock = source.get('synchronization');
    if (lock.given) lock.lose('a graph takes no lock as a whole; say limit at its tasks');
    const outputs = source.get('outputs');
    if (outputs.given && !this.chooses)
      outputs.lose(
        "the output of a graph is its last nodes' outputs by id; what is chosen here is left out",
      );
    const artifacts = source.get('inputs').get('artifacts');
    if (artifacts.given && !this.shared.settled.programs)
      artifacts.lose('files are not carried from node to node; left out');
  }

  private settling({ source, name }: Draft): Settling {
    const loop = loopOf(source, this.scope);
    if (loop && 'over' in loop && loop.param !== undefined) this.shared.asList(loop.param);
    // A map has one condition and one status for all of its items, so who looks at an item needs nodes.
    const expanded =
      loop !== undefined &&
      'items' in loop &&
      (readsItem(source.get('when')) ||
        (this.reads.items.has(name) &&
          loop.items.length > 0 &&
          loop.items.length <= MOST_WRITTEN_OUT));
    const count = expanded && 'items' in loop ? loop.items.length : 1;
    const ids = Array.from({ length: count }, (_none, at) =>
      this.ids.fresh(expanded ? `${name}-${at}` : name),
    );
    return { ids, loop, expanded };
  }

  /** What others have to know of a step, once those that it waits for are known. */
  private settle(draft: Draft): void {
    const { source, name, template } = draft;
    const settled = this.settling(draft);
    const { ids, loop, expanded } = settled;
    this.settled.set(draft, settled);
    draft.waiting = waitingOf(source, draft.waiting, this.before);
    const goesOn = source.get('continueOn');
    const [failed, error] = [goesOn.get('failed').flag(), goesOn.get('error').flag()];
    if ((failed ?? false) !== (error ?? false))
      goesOn.losses.add(
        goesOn.path,
        'continueOn',
        'failed and error are one here: the step may end either way',
      );
    const waits = draft.waits.flatMap((one) => this.before.get(one) ?? []);
    const mayBeOmitted =
      draft.waiting.picky ||
      waits.some((one) => one.mayBeOmitted) ||
      (draft.waiting.trigger === undefined && waits.some((one) => one.mayBeSkipped));
    const when = source.get('when');
    const map = loop !== undefined && !expanded;
    this.before.set(name, {
      ids,
      mayBeSkipped: when.given && when.value !== true && when.value !== 'true',
      mayBeOmitted,
      allowFailure: failed === true || error === true,
      isMap: map,
    });
    const defaults = defaultsOf(template);
    const gives = this.shared.settled.programs ? givenBy(template) : NOTHING;
    const { mayBeSkipped = false } = this.before.get(name) ?? {};
    const looped = loop === undefined ? undefined : map ? 'map' : 'nodes';
    const mayBeEmpty = mayBeSkipped || mayBeOmitted;
    this.steps.set(name, {
      ...{ name, ids, defaults, mayBeEmpty, ...gives },
      ...(looped === undefined ? {} : { loop: looped }),
    });
  }

  private nodesOf(draft: Draft): NewNode[] {
    const { source } = draft;
    const { loop, expanded, ids } = this.settled.get(draft) ?? {
      loop: undefined,
      expanded: false,
      ids: [],
    };
    if ((this.shared.nodes += ids.length) > MOST_NODES)
      throw new TaskError(
        'TOO_LARGE',
        `the templates come to more than ${MOST_NODES} nodes, as they name each other`,
      );
    this.loseOfStep(source);
    loseFailedReads(source, draft.waiting, (step) => this.before.get(step)?.allowFailure === true);
    if (loop === undefined) return [this.node(draft, ids[0] ?? '', this.scope)];
    if (expanded && 'items' in loop)
      return loop.items.map((value, at) =>
        this.node(draft, ids[at] ?? '', { ...this.scope, item: { value } }),
      );
    const item = { ...this.scope, item: { cel: 'item' } };
    const over =
      'items' in loop ? literalItems(loop.items) : this.chosen(loop.over, source.get('when'), item);
    const node = this.node(draft, ids[0] ?? '', item, true);
    return [node.approval === undefined ? { ...node, map: { over } } : node];
  }

  private node(draft: Draft, id: string, scope: Scope, mapped = false): NewNode {
    const { source, waiting, template } = draft;
    const dependsOn = waiting.names.flatMap((name) => this.before.get(name)?.ids ?? []);
    const condition = source.get('when');
    const when =
      mapped && readsItem(condition) ? waiting.when : this.when(condition, scope, waiting.when);
    const given = source.get('arguments');
    const parameters = argumentsOf(given, template, scope);
    const reads = {
      result: this.reads.result.has(draft.name),
      exitCode: this.reads.exitCode.has(draft.name),
    };
    const args = { parameters, files: given.get('artifacts'), reads };
    const body = this.body(draft, args, scope, mapped);
    if (body.graph === undefined) this.shared.budget.spend(jsonBytes(body));
    return {
      id,
      ...(dependsOn.length === 0 ? {} : { dependsOn }),
      ...(waiting.trigger === undefined ? {} : { trigger: waiting.trigger }),
      ...(when === undefined ? {} : { when }),
      ...(this.before.get(draft.name)?.allowFailure ? { allowFailure: true } : {}),
      ...body,
    };
  }

  /** The list without the items for which the condition is false. */
  private chosen(over: string, condition: Source, scope: Scope): string {
    if (!readsItem(condition)) return over;
    const when = this.when(condition, scope, undefined);
    return when === undefined ? over : `${over}.filter(item, ${when})`;
  }

  private when(source: Source, scope: Scope, waits: string | undefined): string | undefined {
    const text = source.text();
    if (text === undefined || text.trim() === '') return waits;
    try {
      const own = whenCel(text, scope);
      const parts = [...(waits === undefined ? [] : [waits]), ...(own === 'true' ? [] : [own])];
      return parts.length === 0 ? undefined : joined('&&', parts);
    } catch (error) {
      if (!(error instanceof NotTranslatable)) throw error;
      source.lose(`the condition ${preview(text.trim(), 200)} ${error.message}; it is left out`);
      return waits;
    }
  }

  /** What the step's template runs, or the graph that it is. */
  private body(
    { source, template, name }: Draft,
    args: Given,
    scope: Scope,
    mapped: boolean,
  ): Omit<NewNode, 'id'> {
    const { settled } = this.shared;
    if (!template) {
      loseFiles(args);
      const given: JsonObject = {};
      for (const [key, pieces] of args.parameters) setOwn(given, key, templateOf(pieces));
      const ref = source.get('templateRef');
      const input: JsonObject = {
        ...(ref.given
          ? { templateRef: ref.take() }
          : { template: source.get('template').text() ?? name }),
        ...(args.parameters.size === 0 ? {} : { parameters: given }),
      };
      return { task: settled.task, input };
    }
    if (!isGraph(template)) return leafOf(template.source, args, scope, this.shared);
    const inside = [...this.level.inside, this.template.source];
    const deep = this.level.depth + (mapped ? 1 : 0) >= MAX_DEPTH;
    if (inside.includes(template.source) || deep) {
      loseFiles(args);
      const why = deep
        ? `graphs may be at most ${MAX_DEPTH} deep in each other`
        : 'a graph cannot be inside of itself';
      source.losses.add(
        source.path,
        'template',
        `${preview(template.name)}: ${why}; the node runs ${settled.task} in its place`,
      );
      return { task: settled.task, input: { template: template.name } };
    }
    return this.subGraph(template, args, scope, inside, mapped);
  }

  private subGraph(
    template: Template,
    args: Given,
    scope: Scope,
    inside: readonly Source[],
    mapped: boolean,
  ): Omit<NewNode, 'id'> {
    const given = new SubGraphInputs(this.level, this.shared);
    const parameters = given.parameters(args);
    const files = given.files(template, args, scope);
    const level = {
      depth: this.level.depth + (mapped ? 2 : 1),
      inside,
      global: (name: string) => given.global(name),
    };
    const graph = graphOf(template, { parameters, files }, level, this.shared);
    const { params, input } = given;
    return {
      graph: {
        name: template.name.slice(0, 200),
        ...(Object.keys(params).length === 0 ? {} : { params }),
        concurrency: CONCURRENCY,
        ...graph,
      },
      ...(Object.keys(input).length === 0 ? {} : { input }),
    };
  }

  private loseOfStep(source: Source): void {
    const onExit = source.get('onExit');
    if (onExit.given)
      onExit.lose(
        'left out; a node that depends on this one with the trigger all_done does the same',
      );
    const hooks = source.get('hooks');
    if (hooks.given)
      hooks.lose(
        'left out; a node that depends on this one, or a post hook of the task, does the same',
      );
  }
}

/** True for a condition that is one of each item. */
const readsItem = ({ value }: Source): boolean => /\{\{=?\s*item\b/.test(String(value));

/** What the node of a step gives, of a template that may become a program or a graph of them. */
function givenBy(template: Template | undefined): Pick<Step, 'artifacts' | 'texts' | 'below'> {
  if (template && isGraph(template))
    return choosesOutputs(template)
      ? { ...NOTHING, below: OUTPUTS, artifacts: new Set(chosenIn(template).artifacts) }
      : NOTHING;
  return mayBeWrapped(template) ? { artifacts: keptBy(template), texts: true } : NOTHING;
}
