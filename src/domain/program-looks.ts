/**
 * Programs looked up before they run: which ones a graph has, those of its sub-graphs too, and what the workers that would
 * run them have found. Pure.
 *
 * K1. Nothing runs, nothing is pulled and no function is called: what only that would tell is `unknown`, never a fault.
 * K2. Refused is what a run would refuse: the runners look with the code that they run with.
 */
import type { Compensate } from './compensation.js';
import { fault, type Fault } from './fault.js';
import { inputVariables } from './expression.js';
import { getOwn, type Json, type Path } from './json.js';
import type { LateName } from './late-values.js';
import { runClass, Unable, undoLayersOf } from './make-plan.js';
import { MAX_DEPTH } from './node-kind.js';
import { layersOf, pickFrom, type Layers } from './option-layers.js';
import { planContextOf, type PlanFacts } from './plan-facts.js';
import type { RunClass } from './plan.js';
import {
  PROGRAM_KINDS,
  programOf,
  type Limits,
  type Program,
  type ProgramKind,
  type SecurityLevel,
} from './program.js';
import { templateProblems } from './template.js';
import { validateGraph, type ValidGraph } from './validate.js';

/** What a worker is asked of a program: what it needs, and nothing of what it does. */
export interface ProgramAsk {
  /** Without its code, its arguments and the texts of its files. */
  program: Program;
  runner: ProgramKind;
  level: SecurityLevel;
  limits: Limits;
  permissions: readonly string[];
  /** Secrets and variables of the worker that its input names. */
  late: readonly LateName[];
}

/** One thing that was looked up for a program. */
export interface ProgramFinding {
  /** The field that asks for it, below the node. */
  at: Path;
  /** `refused`: a run would be. `unknown`: only a run tells, or nobody answered. */
  state: 'found' | 'refused' | 'unknown';
  /** What was found, why it is refused, or why it is not known: one sentence, never a secret's value. */
  message: string;
  /** Refused: what to do. */
  hint?: string;
}

/** What a worker told of one program; without findings where none was asked, and why. */
export type ProgramAnswer =
  { worker: string; findings: readonly ProgramFinding[] } | { findings: readonly ProgramFinding[] };

/** Equal programs of a graph, wherever they stand, and the queue that has them; null for their runner's own. */
export interface AskedProgram {
  ask: ProgramAsk;
  queue: string | null;
  places: readonly Place[];
}

/** Where one stands, and whose it is: a node, or with `~undo` what undoes it. */
interface Place {
  path: Path;
  node: string;
}

/** What is known of programs before they run; equal ones together. */
export interface ProgramLook {
  /** Ids of the nodes; of one below a node with its path, `nightly/build`; of what undoes one `build~undo`. */
  nodes: string[];
  runner: ProgramKind;
  /** Identity of the worker that looked; absent where none did. */
  worker?: string;
  /** What is there, one phrase each. */
  found: string[];
  /** What could not be known, and why. */
  unchecked: string[];
}

/** Different programs of a graph that are looked up. */
export const MOST_PROGRAMS = 200;
/** Characters of what is asked, as JSON. */
export const MOST_CHARACTERS = 500_000;
/** Faults that are told. */
const MOST_FAULTS = 200;

/** Every program of a graph and of those below it, equal ones once; a pipeline that several nodes name, once. */
export function programsOf(
  valid: ValidGraph,
  facts: PlanFacts,
): { programs: AskedProgram[]; faults: Fault[] } {
  const walk = new Walk(facts);
  walk.graph(valid, [], '', 0);
  return { programs: [...walk.programs.values()], faults: walk.faults };
}

/** Those that are asked of, and how many are too many. */
export function withinLimits(programs: readonly AskedProgram[]): {
  asked: readonly AskedProgram[];
  left: readonly AskedProgram[];
} {
  let characters = 0;
  const fits = programs.slice(0, MOST_PROGRAMS).findIndex(({ ask }) => {
    characters += JSON.stringify(ask).length;
    return characters > MOST_CHARACTERS;
  });
  const count = fits < 0 ? Math.min(programs.length, MOST_PROGRAMS) : fits;
  return { asked: programs.slice(0, count), left: programs.slice(count) };
}

type Node = ValidGraph['graph']['tasks'][number];

/** What undoes a node, with the input that it has where it says none: the node's own is in that, but for a map's items. */
function undoOf({ input, map }: Node, compensate: Compensate): Compensate {
  const { input: said = map === undefined ? input : null } = compensate;
  return { ...compensate, input: said };
}

class Walk {
  readonly programs = new Map<string, AskedProgram & { places: Place[] }>();
  readonly faults: Fault[] = [];
  private readonly context;
  private readonly named = new Set<string>();

  constructor(private readonly facts: PlanFacts) {
    this.context = planContextOf(facts);
  }

  graph({ graph, submission }: ValidGraph, at: Path, above: string, depth: number): void {
    for (const [index, node] of graph.tasks.entries()) {
      const path = [...at, 'tasks', index];
      const name = `${above}${node.id}`;
      const { options } = submission;
      if (node.graph !== undefined) this.below(node.graph, options, path, name, depth);
      const layers = layersOf(graph, submission, node, this.context);
      const queue = layers.find((layer) => layer?.queue !== undefined)?.queue ?? null;
      this.take(node, layers, queue, { path, node: name });
      const compensate = pickFrom(layers, 'compensate');
      if (!compensate) continue;
      const undo = { path: [...path, 'compensate'], node: `${name}~undo` };
      const undoLayers = undoLayersOf(graph, options, node, compensate, this.context);
      this.take(undoOf(node, compensate), undoLayers, compensate.queue ?? null, undo);
    }
  }

  /** What a node runs, or what undoes it, where that is a program. */
  private take(
    work: Parameters<typeof runClass>[0] & { input?: unknown },
    layers: Layers,
    queue: string | null,
    place: Place,
  ): void {
    const program = programOf(work);
    if (!program) return;
    try {
      const run = runClass(work, layers, undefined, this.context);
      this.add(program, run, queue, (work.input ?? null) as Json, place);
    } catch (error) {
      if (!(error instanceof Unable)) throw error;
      this.faults.push(fault(place.path, 'INVALID_VALUE', error.message, 'see docs/isolation.md'));
    }
  }

  private below(
    graph: unknown,
    options: ValidGraph['submission']['options'],
    path: Path,
    name: string,
    depth: number,
  ): void {
    if (depth >= MAX_DEPTH) return;
    if (typeof graph === 'string') {
      if (this.named.has(graph)) return;
      this.named.add(graph);
    }
    const spec = typeof graph === 'string' ? getOwn(this.facts.pipelines, graph) : graph;
    const place = { depth: depth + 1, paramsUnknown: true as const };
    const submission = options === undefined ? {} : { options };
    const { valid } = validateGraph(spec, submission, undefined, place);
    if (valid) this.graph(valid, [...path, 'graph'], `${name}/`, depth + 1);
  }

  private add(
    program: Program,
    run: RunClass | undefined,
    queue: string | null,
    input: Json,
    place: Place,
  ): void {
    const runner = PROGRAM_KINDS.find((kind) => kind === run?.runner);
    if (!runner || !run?.limits) return; // a program has both
    const { limits, level = 'LOW', permissions = [] } = run;
    const variables = inputVariables({ task: true, map: true });
    const { late } = templateProblems(input, ['input'], variables).template;
    const ask = { program: needsOf(program), runner, level, limits, permissions, late };
    const key = JSON.stringify([queue, ask]);
    const known = this.programs.get(key);
    if (known) known.places.push(place);
    else this.programs.set(key, { ask, queue, places: [place] });
  }
}

/** What of a program is looked up: its texts may be large, and what it is started with is for the run. */
function needsOf(program: Program): Program {
  switch (program.kind) {
    case 'process': {
      const { runtime, code, command, network, secrets, files, env } = program.process;
      return {
        kind: 'process',
        process: {
          ...(runtime === undefined ? {} : { runtime }),
          ...(code === undefined ? {} : { code: '' }),
          ...(command === undefined ? {} : { command: command.slice(0, 1) }),
          ...(network === undefined ? {} : { network }),
          ...(secrets === undefined ? {} : { secrets }),
          ...(files === undefined ? {} : { files: withoutTexts(files) }),
          // Where its command is looked for.
          ...(env?.['PATH'] === undefined ? {} : { env: { PATH: env['PATH'] } }),
        },
      };
    }
    case 'container': {
      const { image, pull, mounts, network, secrets } = program.container;
      return {
        kind: 'container',
        container: {
          image,
          ...(pull === undefined ? {} : { pull }),
          ...(mounts === undefined ? {} : { mounts }),
          ...(network === undefined ? {} : { network }),
          ...(secrets === undefined ? {} : { secrets }),
        },
      };
    }
    case 'faas': {
      const { url, function: name, qualifier, region, secretHeaders } = program.faas;
      return {
        kind: 'faas',
        faas: {
          ...(url === undefined ? {} : { url }),
          ...(name === undefined ? {} : { function: name }),
          ...(qualifier === undefined ? {} : { qualifier }),
          ...(region === undefined ? {} : { region }),
          ...(secretHeaders === undefined ? {} : { secretHeaders }),
        },
      };
    }
  }
}

const withoutTexts = (files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.keys(files).map((name) => [name, '']));

/** What the answers come to: a fault for each place of what is refused, and what is known of the others. */
export function toldOf(
  programs: readonly AskedProgram[],
  answers: readonly ProgramAnswer[],
): { faults: Fault[]; looks: ProgramLook[] } {
  const faults: Fault[] = [];
  const looks: ProgramLook[] = [];
  for (const [index, { ask, places }] of programs.entries()) {
    const answer = answers[index] ?? { findings: [] };
    const of = (state: ProgramFinding['state']): ProgramFinding[] =>
      answer.findings.filter((one) => one.state === state);
    for (const { at, message, hint } of of('refused'))
      for (const { path } of places) faults.push(refusal([...path, ...at], message, hint, answer));
    const said = (state: ProgramFinding['state']): string[] => [
      ...new Set(of(state).map(({ message }) => message)),
    ];
    looks.push({
      nodes: places.map(({ node }) => node),
      runner: ask.runner,
      ...('worker' in answer ? { worker: answer.worker } : {}),
      ...{ found: said('found'), unchecked: said('unknown') },
    });
  }
  const more = faults.length - MOST_FAULTS;
  const told = faults.slice(0, MOST_FAULTS);
  if (more > 0) told.push(fault([], 'PROGRAM', `${more} more of programs that cannot run`));
  return { faults: told, looks };
}

function refusal(
  at: Path,
  message: string,
  hint: string | undefined,
  answer: ProgramAnswer,
): Fault {
  const who = 'worker' in answer ? [`looked up by the worker ${answer.worker}`] : [];
  const hints = [...(hint === undefined ? [] : [hint]), ...who];
  return fault(at, 'PROGRAM', message, hints.length === 0 ? undefined : hints.join('; '));
}

/** What could not be known, in words: `build, test: not checked: no answer within 8 s`. */
export function notesOf(looks: readonly ProgramLook[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { nodes, unchecked } of looks)
    for (const reason of unchecked)
      byReason.set(reason, [...(byReason.get(reason) ?? []), ...nodes]);
  return [...byReason].map(([reason, nodes]) => `${someOf(nodes)}: not checked: ${reason}`);
}

/** `a, b, c and 7 more`. */
export function someOf(names: readonly string[], most = 3): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
