/** The steps of an Argo graph before they are nodes: what each waits for, and the template that it names. */
import { isObject, preview } from '../domain/json.js';
import { namesIn, type Waiting } from './argo-depends.js';
import type { Shared } from './argo-level.js';
import { templateIn, type Template } from './argo-templates.js';
import type { Source } from './source.js';

/** A step on its way to its nodes. */
export interface Draft {
  source: Source;
  name: string;
  waiting: Waiting;
  /** Names of the steps that it waits for. */
  waits: readonly string[];
  /** Undefined where it is not in the file. */
  template: Template | undefined;
}

/** The steps of a template, in the order of the file. */
export function draftsOf(template: Template, shared: Shared): Draft[] {
  const dag = template.source.get('dag');
  return dag.given
    ? dagDrafts(dag, template, shared)
    : stepDrafts(template.source.get('steps'), template, shared);
}

function dagDrafts(dag: Source, template: Template, shared: Shared): Draft[] {
  const tasks = dag.get('tasks').items();
  const known = new Set(
    tasks.flatMap(({ value }) => (isObject(value) ? [String(value['name'])] : [])),
  );
  return tasks.map((source) => draft(source, namesIn(source, known), template, shared));
}

/** Every group waits for the whole group before it. */
function stepDrafts(steps: Source, template: Template, shared: Shared): Draft[] {
  let before: string[] = [];
  return steps.items().flatMap((group) => {
    const inGroup = Array.isArray(group.value) ? group.items() : [group];
    const names = before;
    const drafts = inGroup.map((source) =>
      draft(source, { names, picky: false }, template, shared),
    );
    before = drafts.map(({ name }) => name);
    return drafts;
  });
}

function draft(source: Source, waiting: Waiting, home: Template, shared: Shared): Draft {
  const name = source.get('name').text() ?? `step-${source.path.join('-')}`;
  return { source, name, waiting, waits: waiting.names, template: lookUp(source, home, shared) };
}

/** The template that a step names, or undefined where it is not in the file: that is a loss. */
function lookUp(source: Source, { manifest }: Template, shared: Shared): Template | undefined {
  const instead = `the node runs ${shared.settled.task} in its place`;
  const inline = source.get('inline');
  if (isObject(inline.value))
    return { source: inline, name: String(source.get('name').value), manifest };
  const ref = source.get('templateRef');
  if (ref.given) {
    const [home, name] = [ref.get('name').text(), ref.get('template').text()];
    const wide = ref.get('clusterScope').flag() ?? false;
    const found = shared.manifests.find(
      (one) => one.name === home && (one.kind === 'ClusterWorkflowTemplate') === wide,
    );
    const template = found && name !== undefined ? templateIn(found, name) : undefined;
    if (!template)
      ref.losses.add(
        ref.path,
        'templateRef',
        `the template ${preview(name)} of ${preview(home)} is not in this file; ${instead}`,
      );
    return template;
  }
  const named = source.get('template');
  const name = named.text();
  const template = name === undefined ? undefined : templateIn(manifest, name);
  if (!template)
    named.losses.add(named.path, 'template', `there is no template ${preview(name)}; ${instead}`);
  return template;
}

/** Those that wait after those that they wait for; what stands in a cycle comes in any order. */
export function ordered(drafts: readonly Draft[]): Draft[] {
  const byName = new Map(drafts.map((one) => [one.name, one]));
  const seen = new Set<Draft>();
  const sorted: Draft[] = [];
  for (const start of drafts) {
    const stack: [Draft, boolean][] = [[start, false]];
    for (let next = stack.pop(); next; next = stack.pop()) {
      const [one, left] = next;
      if (left) sorted.push(one);
      else if (!seen.has(one)) {
        seen.add(one);
        stack.push([one, true]);
        for (const name of one.waits) {
          const before = byName.get(name);
          if (before && !seen.has(before)) stack.push([before, false]);
        }
      }
    }
  }
  return sorted;
}
