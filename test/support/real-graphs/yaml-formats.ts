import { parse, parseAllDocuments } from 'yaml';
import type { Edge, Reader } from './graph.js';

interface PegasusWorkflow {
  jobs: { id: string }[];
  jobDependencies?: { id: string; children: string[] }[];
}

interface GithubWorkflow {
  jobs: Record<string, { needs?: string | string[] }>;
}

interface ArgoTask {
  name: string;
  /** An expression over tasks and their results: `A && (B.Succeeded || C.Failed)`. */
  depends?: string;
  dependencies?: string[];
}

interface ArgoTemplate {
  dag?: { tasks?: ArgoTask[] };
}

interface ArgoManifest {
  spec?: { templates?: ArgoTemplate[] };
}

/** Pegasus YAML 5: jobs, and for each parent its children. */
export const readPegasusYaml: Reader = (file, read) => {
  const { jobs, jobDependencies = [] } = parse(read(file)) as PegasusWorkflow;
  return {
    tasks: jobs.map(({ id }) => ({ name: id })),
    edges: jobDependencies.flatMap(({ id, children }) => children.map((to) => ({ from: id, to }))),
  };
};

/**
 * GitHub Actions: jobs and their `needs`; a matrix counts as one task. A need of a job that is not there is left out, as
 * the index does: one file is a runner's test of just that.
 */
export const readGithubActions: Reader = (file, read) => {
  const { jobs } = parse(read(file)) as GithubWorkflow;
  const edges = Object.entries(jobs).flatMap(([to, { needs = [] }]) => edgesTo(to, [needs].flat()));
  return {
    tasks: Object.keys(jobs).map((name) => ({ name })),
    edges: edges.filter(({ from }) => from in jobs),
  };
};

/** Argo: the template with the most DAG tasks of all manifests in the file, the first of equals. */
export const readArgo: Reader = (file, read) => {
  const tasks = parseAllDocuments(read(file))
    .map((document) => document.toJS() as ArgoManifest | null)
    .flatMap((manifest) => manifest?.spec?.templates ?? [])
    .map(({ dag }) => dag?.tasks ?? [])
    .reduce((largest, each) => (each.length > largest.length ? each : largest), []);
  return {
    tasks: tasks.map(({ name }) => ({ name })),
    edges: tasks.flatMap((task) => edgesTo(task.name, argoDependencies(task))),
  };
};

function edgesTo(to: string, names: string[]): Edge[] {
  return names.map((from) => ({ from, to }));
}

/** The names in `depends`, without the result after the dot, or the plain list. */
function argoDependencies({ depends = '', dependencies = [] }: ArgoTask): string[] {
  const named = [...depends.matchAll(/([\w-]+)(?:\.\w+)?/g)].map(([, name = '']) => name);
  return [...named, ...dependencies];
}
