/** The templates of an Argo file: those of the workflow, and of workflow templates in other documents of the file. */
import { isObject, preview } from '../domain/json.js';
import { refused } from './conversion.js';
import type { Source } from './source.js';

const KINDS = ['Workflow', 'CronWorkflow', 'WorkflowTemplate', 'ClusterWorkflowTemplate'];

/** One manifest. */
export interface Manifest {
  source: Source;
  kind: string;
  name: string;
  /** What holds entrypoint and templates. */
  spec: Source;
}

/** A template with the manifest that its own references are looked up in. */
export interface Template {
  source: Source;
  name: string;
  manifest: Manifest;
}

/** @throws TaskError where no manifest of Argo Workflows is among them */
export function manifestsOf(source: Source): Manifest[] {
  const documents = Array.isArray(source.value) ? source.items() : [source];
  const manifests = documents.flatMap((document): Manifest[] => {
    if (!isObject(document.value)) return [];
    const kind = String(document.value['kind']);
    if (!KINDS.includes(kind)) return [];
    document.get('kind').text();
    const version = document.get('apiVersion');
    if (version.text() !== 'argoproj.io/v1alpha1')
      version.lose(`${preview(version.value)} is not argoproj.io/v1alpha1; read as if it were`);
    const metadata = document.get('metadata');
    const name = metadata.get('name').text() ?? metadata.get('generateName').text() ?? '';
    const outer = document.get('spec');
    const spec = kind === 'CronWorkflow' ? outer.get('workflowSpec') : outer;
    return [{ source: document, kind, name: name.replace(/-+$/, ''), spec }];
  });
  if (manifests.length === 0)
    throw refused(
      `this is no Argo workflow: expected a document with "kind" ${KINDS.join(', ')}, got ${preview(
        documents.map(({ value }) => (isObject(value) ? value['kind'] : value)),
      )}`,
    );
  return manifests;
}

/** The template of this name in a manifest, or undefined. */
export function templateIn(manifest: Manifest, name: string): Template | undefined {
  const source = manifest.spec
    .get('templates')
    .items()
    .find(({ value }) => isObject(value) && value['name'] === name);
  if (!source) return undefined;
  source.get('name').text();
  return { source, name, manifest };
}

/** How many steps a template has; 0 for one that is a step itself. */
export function stepsIn({ source: { value } }: Template): number {
  if (!isObject(value)) return 0;
  const { dag, steps } = value;
  const list: unknown = isObject(dag) ? dag['tasks'] : steps;
  return Array.isArray(list) ? list.flat().length : 0;
}

/** What to begin with, where the file says it or the caller does: the manifest and its template. */
export function entryOf(manifests: readonly Manifest[], wanted: string | undefined): Template {
  const entry = findEntry(manifests, wanted);
  entry.source.get('name').text();
  return entry;
}

function findEntry(manifests: readonly Manifest[], wanted: string | undefined): Template {
  const all = manifests.flatMap(templatesOf);
  if (wanted !== undefined) {
    const found = all.find(({ name }) => name === wanted);
    if (found) return found;
    throw refused(
      `no template ${preview(wanted)}; the file has ${all.map(({ name }) => name).join(', ')}`,
    );
  }
  const workflow = manifests.find(({ kind }) => kind === 'Workflow' || kind === 'CronWorkflow');
  const single = workflow ?? (manifests.length === 1 ? manifests[0] : undefined);
  if (single) return entryOfManifest(single, manifests);
  // A file of workflow templates: the one with the most steps is most likely what somebody wants to see.
  const [largest] = [...all].sort((a, b) => stepsIn(b) - stepsIn(a));
  if (!largest) throw refused('spec.templates: the file has none, so there is nothing to run');
  return largest;
}

function templatesOf(manifest: Manifest): Template[] {
  const list = manifest.spec.get('templates');
  if (!list.given) return [];
  return list.items().flatMap((source) => {
    const name = isObject(source.value) ? source.value['name'] : undefined;
    return typeof name === 'string' ? [{ source, name, manifest }] : [];
  });
}

function entryOfManifest(manifest: Manifest, manifests: readonly Manifest[]): Template {
  const ref = manifest.spec.get('workflowTemplateRef');
  const home = ref.given
    ? manifests.find((one) => one !== manifest && one.name === ref.get('name').text())
    : manifest;
  if (!home)
    throw refused(
      `spec.workflowTemplateRef: ${preview(ref.get('name').value)} is not in this file; put it into the same file, after "---"`,
    );
  if (ref.given) ref.get('clusterScope').flag();
  const own = manifest.spec.get('entrypoint').text();
  const name = own ?? home.spec.get('entrypoint').text();
  if (name === undefined) {
    const [only, second] = templatesOf(home);
    if (only && !second) return only;
    throw refused(
      'spec.entrypoint: expected the name of a template; or name one with --entrypoint',
    );
  }
  const found = templateIn(home, name);
  if (found) return found;
  const names = templatesOf(home).map((template) => template.name);
  throw refused(
    `spec.entrypoint: no template ${preview(name)}; there are ${names.join(', ') || 'none'}`,
  );
}
