import type { Edge, Reader } from './graph.js';

/**
 * The text format of the Cloud Workflow Simulator: `TASK id transformation seconds`, `EDGE parent child`, and files,
 * where the task that reads a file depends on the one that wrote it.
 */
export const readSimulatorDag: Reader = (file, read) => {
  const lines = wordsByLine(read(file));
  const tasks = linesOf(lines, 'TASK').map(([name = '', , seconds]) => ({
    name,
    runtime: Number(seconds),
  }));
  const edges = linesOf(lines, 'EDGE').map(([from = '', to = '']) => ({ from, to }));
  return { tasks, edges: [...edges, ...fileEdges(lines)] };
};

/** DAGMan's `.dag`: `JOB name submit-file` and `PARENT a... CHILD b...`, without runtimes. */
export const readDagman: Reader = (file, read) => {
  const lines = wordsByLine(read(file));
  return {
    tasks: linesOf(lines, 'JOB').map(([name = '']) => ({ name })),
    edges: linesOf(lines, 'PARENT').flatMap(familyEdges),
  };
};

/** Pegasus DAX, the XML of versions 2 and 3: jobs, and for each child its parents. */
export const readDax: Reader = (file, read) => {
  const xml = read(file).replace(/<!--.*?-->/gs, '');
  const tasks = matchAll(xml, /<job\s([^>]*)>/g).map(([attributes = '']) => daxTask(attributes));
  const edges = matchAll(xml, /<child\s([^>]*)>(.*?)<\/child>/gs).flatMap(
    ([attributes = '', body = '']) => daxEdges(attribute(attributes, 'ref') ?? '', body),
  );
  return { tasks, edges };
};

function wordsByLine(text: string): string[][] {
  return text.split(/\r?\n/).map((line) => line.trim().split(/\s+/));
}

/** The words after a keyword, of each line that starts with it. */
function linesOf(lines: string[][], keyword: string): string[][] {
  return lines.filter(([first]) => first === keyword).map(([, ...rest]) => rest);
}

function fileEdges(lines: string[][]): Edge[] {
  const writers = new Map<string, string>();
  for (const [task = '', ...files] of linesOf(lines, 'OUTPUTS')) {
    for (const file of files) writers.set(file, task);
  }
  return linesOf(lines, 'INPUTS').flatMap(([to = '', ...files]) =>
    files.flatMap((file) => {
      const from = writers.get(file);
      return from === undefined || from === to ? [] : [{ from, to }];
    }),
  );
}

function familyEdges(names: string[]): Edge[] {
  const middle = names.indexOf('CHILD');
  const children = names.slice(middle + 1);
  return names.slice(0, middle).flatMap((from) => children.map((to) => ({ from, to })));
}

function daxTask(attributes: string): { name: string; runtime?: number } {
  const name = attribute(attributes, 'id') ?? '';
  const runtime = attribute(attributes, 'runtime');
  return runtime === undefined ? { name } : { name, runtime: Number(runtime) };
}

function daxEdges(to: string, body: string): Edge[] {
  return matchAll(body, /<parent\s([^>]*)>/g).map(([attributes = '']) => ({
    from: attribute(attributes, 'ref') ?? '',
    to,
  }));
}

function attribute(attributes: string, name: string): string | undefined {
  return new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1];
}

/** The groups of every match. */
function matchAll(text: string, pattern: RegExp): string[][] {
  return [...text.matchAll(pattern)].map(([, ...groups]) => groups);
}
