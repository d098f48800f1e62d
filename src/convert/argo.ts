/**
 * Argo Workflows: the entrypoint's template becomes the graph; templates that are graphs become sub-graphs in it, and
 * containers and scripts programs, or nodes of a task with the container or script as input.
 */
import {
  getOwn,
  isObject,
  jsonBytes,
  preview,
  setOwn,
  type Json,
  type JsonObject,
} from '../domain/json.js';
import type { GraphSpec, ParamSpec } from '../domain/spec.js';
import { loseCron } from './argo-cron.js';
import { exitStep, statusAtExit } from './argo-exit.js';
import { graphOf, isGraph } from './argo-graph.js';
import { CONCURRENCY, defaultsFor, type Graph, type Level, type Shared } from './argo-level.js';
import { leafOf } from './argo-leaf.js';
import { durationOf } from './argo-options.js';
import { lastOf } from './argo-outputs.js';
import { piecesOf, staticText, textCel, type Piece, type Scope } from './argo-scope.js';
import {
  entryOf,
  manifestsOf,
  templateIn,
  type Manifest,
  type Template,
} from './argo-templates.js';
import { expressionPieces } from './argo-when.js';
import { param } from './cel.js';
import { Budget, refused, type Settled } from './conversion.js';
import { nodeNames, paramNames } from './ids.js';
import type { Source } from './source.js';

const DESCRIPTION = 'workflows.argoproj.io/description';
/** A default with its tags put in; values may hold each other, and an expression has at most 2,000 parts. */
const MOST_CEL = 4_000;
/** Labels and annotations are kept as metadata up to here, in bytes. */
const MOST_METADATA = 60_000;

/** @throws TaskError where it is no workflow, or has nothing to begin with */
export function fromArgo(source: Source, settled: Settled): GraphSpec {
  const manifests = manifestsOf(source);
  const entry = entryOf(manifests, settled.entrypoint);
  return new ArgoConversion(manifests, entry, settled).spec();
}

class ArgoConversion {
  private readonly params: Record<string, ParamSpec> = {};
  private readonly names = paramNames();
  /** Parameters whose value only a run knows unless it is given, as CEL. */
  private readonly late = new Map<string, string>();
  private readonly shared: Shared;
  /** The manifest that says how to run, which may name another one's templates. */
  private readonly manifest: Manifest;

  constructor(
    private readonly manifests: readonly Manifest[],
    private readonly entry: Template,
    private readonly settled: Settled,
  ) {
    this.shared = {
      settled,
      manifests,
      nodes: 0,
      programs: 0,
      budget: new Budget(),
      secrets: new Map(),
      asList: (name) => this.asList(name),
    };
    const runs = manifests.find(({ kind }) => kind === 'Workflow' || kind === 'CronWorkflow');
    this.manifest = runs?.spec.get('workflowTemplateRef').given ? runs : entry.manifest;
  }

  spec(): GraphSpec {
    const { spec, source, name, kind } = this.manifest;
    for (const { spec: each } of new Set([this.manifest, this.entry.manifest]))
      this.declare(each.get('arguments'));
    const inputs = this.entryInputs();
    const level: Level = { depth: 0, inside: [], global: (key) => this.global(key) };
    const graph = this.graph(inputs, level);
    const parallelism = spec.get('parallelism').number();
    const deadline = durationOf(spec.get('activeDeadlineSeconds'), this.scope(inputs, level));
    this.exit(spec.get('onExit'), graph, level);
    const about = this.about(source.get('metadata'));
    if (kind === 'CronWorkflow') loseCron(source.get('spec'));
    this.lose(spec);
    const bound = parallelism ?? graph.concurrency ?? CONCURRENCY;
    return {
      name: (name || this.settled.name).slice(0, 200),
      ...about,
      ...(Object.keys(this.params).length === 0 ? {} : { params: this.params }),
      ...graph,
      defaults: defaultsFor(graph.tasks),
      concurrency: Math.min(Math.max(1, Math.trunc(bound)), 1_000),
      ...(deadline === undefined ? {} : { deadline }),
    };
  }

  private graph(inputs: ReadonlyMap<string, readonly Piece[]>, level: Level): Graph {
    if (isGraph(this.entry)) {
      const graph = graphOf(this.entry, { parameters: inputs }, level, this.shared);
      if (graph.tasks.length === 0)
        throw refused(
          `the template ${preview(this.entry.name)} has no steps, so there is nothing to run`,
        );
      return graph;
    }
    const id = nodeNames().of(this.entry.name);
    const scope = this.scope(inputs, level);
    const leaf = leafOf(this.entry.source, { parameters: inputs }, scope, this.shared);
    const tasks = [{ id, ...leaf }];
    return { defaults: defaultsFor(tasks), tasks };
  }

  private scope(inputs: ReadonlyMap<string, readonly Piece[]>, level: Level): Scope {
    return {
      inputs,
      steps: new Map(),
      secrets: this.shared.secrets,
      global: (name) => level.global(name),
      expression: expressionPieces,
    };
  }

  /** `workflow.parameters.x` is a parameter of the pipeline; a sub-graph has an id of its own, so it is given this one. */
  private global(name: string): Piece | undefined {
    if (name === 'name') return { cel: 'execution.id', type: 'text' };
    const key = /^parameters\.(.+)$/.exec(name)?.[1];
    const known = key === undefined ? undefined : this.names.find(key);
    return known === undefined ? undefined : this.read(known);
  }

  private read(name: string): Piece {
    const late = this.late.get(name);
    if (late !== undefined) return { cel: late, type: 'text' };
    return { cel: param(name), type: 'text', param: name };
  }

  /** Type and default of a parameter: a text, or null where a run puts in what tags of the default mean. */
  private fallback(at: Source, name: string, text: string | undefined): ParamSpec {
    if (text === undefined) return { type: 'string' };
    if (!text.includes('{{')) return { type: 'string', default: text };
    const level: Level = { depth: 0, inside: [], global: (key) => this.global(key) };
    const pieces = piecesOf(text, this.scope(new Map(), level), (tag) => {
      at.losses.add(at.path, tag, `${preview(tag)} has no counterpart; it stays as text`);
      return tag;
    });
    const fixed = staticText(pieces);
    if (fixed !== undefined) return { type: 'string', default: fixed };
    const cel = `(${param(name)} != null ? ${param(name)} : ${textCel(pieces)})`;
    if (cel.length > MOST_CEL) {
      at.losses.add(at.path, 'value', 'too long with its tags put in; they stay as text');
      return { type: 'string', default: text };
    }
    this.late.set(name, cel);
    return { type: ['string', 'null'], default: null };
  }

  /** A parameter that a loop goes over holds a list here, where it was JSON text there. */
  private asList(name: string): void {
    const { type: _text, default: text, ...spec } = getOwn(this.params, name) ?? {};
    const items = typeof text === 'string' ? listIn(text) : undefined;
    setOwn(this.params, name, {
      ...spec,
      type: 'array',
      ...(items === undefined ? {} : { default: items }),
    });
  }

  private declare(source: Source): void {
    for (const one of source.get('parameters').items()) {
      const raw = one.get('name').text();
      if (raw === undefined) continue;
      if (this.names.find(raw) !== undefined) {
        // What runs has said its value; a template's own gives way to it, as there.
        for (const key of ['value', 'default']) one.get(key).take();
        continue;
      }
      const name = this.names.of(raw);
      const value = one.get('value').text();
      const fallback = one.get('default').text();
      const description = one.get('description').text();
      const choices = one.get('enum').given ? one.get('enum').items() : undefined;
      const words = choices?.map((choice) => choice.text() ?? '');
      const from = one.get('valueFrom');
      if (from.given)
        from.lose('a value that is looked up elsewhere has no counterpart; give it with --param');
      const at = one.get(value === undefined ? 'default' : 'value');
      const { type, ...chosen } = this.fallback(at, name, value ?? fallback);
      setOwn(this.params, name, {
        type,
        ...(description === undefined ? {} : { description }),
        ...(words ? { enum: this.late.has(name) ? [...words, null] : words } : {}),
        ...chosen,
      });
      if (name !== raw) one.losses.add(one.path, 'name', `the parameter ${raw} is ${name} here`);
    }
    const artifacts = source.get('artifacts');
    if (artifacts.given)
      artifacts.lose('files that a workflow is given have no counterpart; pass on where they are');
  }

  /** The entrypoint's own inputs: the workflow's arguments of the same name, else parameters too. */
  private entryInputs(): Map<string, readonly Piece[]> {
    const inputs = new Map<string, readonly Piece[]>();
    for (const one of this.entry.source.get('inputs').get('parameters').items()) {
      const raw = one.get('name').text();
      if (raw === undefined) continue;
      const own = one.get('value').text() ?? one.get('default').text();
      const known = this.names.find(raw);
      const name = known ?? this.names.of(raw);
      if (known === undefined) {
        const description = one.get('description').text();
        const at = one.get(one.get('value').given ? 'value' : 'default');
        const { type, ...chosen } = this.fallback(at, name, own);
        setOwn(this.params, name, {
          type,
          ...(description === undefined ? {} : { description }),
          ...chosen,
        });
      }
      inputs.set(raw, [this.read(name)]);
    }
    return inputs;
  }

  /** The exit handler: a node after everything, whatever became of it. */
  private exit(source: Source, graph: Graph, level: Level): void {
    const name = source.text();
    if (name === undefined) return;
    const template = templateIn(this.entry.manifest, name) ?? templateIn(this.manifest, name);
    if (!template) return source.lose(`there is no template ${preview(name)}; left out`);
    const before = lastOf(graph.tasks);
    const inner: Level = {
      ...level,
      global: (key) => (key === 'status' ? statusAtExit(graph, source) : level.global(key)),
    };
    const holder = exitStep(template, source);
    const taken = new Set(graph.tasks.map(({ id }) => id));
    const [node] = graphOf(holder, { parameters: new Map() }, inner, this.shared).tasks;
    if (!node) return;
    let id = node.id;
    for (let count = 2; taken.has(id); count++) id = `${node.id}-${count}`;
    const dependsOn = before.map((one) => one.id);
    graph.tasks.push({ ...node, dependsOn, trigger: 'all_done', onCancel: 'run', id });
  }

  /** Description, labels and annotations. */
  private about(metadata: Source): Pick<GraphSpec, 'description' | 'metadata'> {
    const annotations = metadata.get('annotations');
    const text = annotations.given ? annotations.get(DESCRIPTION).text() : undefined;
    const kept: JsonObject = {};
    for (const key of ['labels', 'annotations']) {
      const part = metadata.get(key);
      if (!isObject(part.value)) continue;
      const values = Object.entries(part.value).filter(([name]) => name !== DESCRIPTION);
      if (values.length === 0) continue;
      const value: JsonObject = {};
      for (const [name, each] of values) setOwn(value, name, each as Json);
      setOwn(kept, key, value);
      part.take();
    }
    const namespace = metadata.get('namespace');
    if (namespace.given) namespace.lose('left out; a project sets executions apart here');
    const small = jsonBytes(kept) <= MOST_METADATA;
    if (!small) metadata.lose(`labels and annotations of over ${MOST_METADATA} bytes are left out`);
    return {
      ...(text === undefined ? {} : { description: text.trim().slice(0, 10_000) }),
      ...(small && Object.keys(kept).length > 0 ? { metadata: kept } : {}),
    };
  }

  private lose(spec: Source): void {
    const lock = spec.get('synchronization');
    if (lock.given)
      lock.lose(
        'executions do not exclude each other; say limit at the nodes that may not run at once',
      );
    const hooks = spec.get('hooks');
    if (hooks.given) hooks.lose('left out; graph hooks, events and sinks tell of what happens');
    if (this.shared.programs > 0)
      spec.losses.add(
        [...this.entry.manifest.spec.path, 'templates'],
        'network',
        "containers have no network here, unless network names one that the worker's containerNetworks allows",
      );
    const from = preview(this.entry.name);
    for (const manifest of this.manifests) {
      const unread = templatesUnread(manifest);
      const lends = manifest !== this.manifest && manifest !== this.entry.manifest;
      if (lends && unread.length === manifest.spec.get('templates').items().length) {
        const { kind, name, source } = manifest;
        source.lose(
          `the ${kind} ${preview(name)} is not used from ${from}; left out (--entrypoint begins with another template)`,
          kind,
        );
        continue;
      }
      for (const template of unread)
        template.lose(
          `the template ${preview(nameOf(template))} is not used from ${from}; left out`,
          'template',
        );
      if (lends) this.loseRest(manifest);
    }
  }

  /** What a manifest that only lends templates says besides. */
  private loseRest({ source, spec }: Manifest): void {
    for (const key of ['labels', 'annotations', 'namespace'])
      if (source.get('metadata').get(key).given)
        source.get('metadata').get(key).lose('of a document that is not what runs; left out');
    for (const key of ['entrypoint', 'arguments', 'onExit'])
      if (spec.get(key).given) spec.get(key).lose('of a document that is not what runs; left out');
  }
}

function listIn(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const nameOf = ({ value }: Source): unknown => (isObject(value) ? value['name'] : value);

/** Templates that nothing has looked into, but for their names. */
function templatesUnread({ spec }: Manifest): Source[] {
  const list = spec.get('templates');
  return list.given ? list.items().filter((template) => template.untouched(['name'])) : [];
}
