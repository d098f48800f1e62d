/** The id with every item of a map as a step of the path: `<execution>/<node>[3]` as `<execution>/<node>/3`. */
export function plainExecutionId(id: string): string {
  return id.replace(/\[(\d+)\](?=\/|$)/g, '/$1');
}

/**
 * `<execution>/<node>`: node ids hold no slash. What runs below a sub-graph or map is `<execution>/<node>/<node>`, and
 * item 3 of a map may be written `<execution>/<node>[3]` for `<execution>/<node>/3`.
 */
export function splitExecutionId(id: string): { graphId: string; nodeId?: string } {
  const plain = plainExecutionId(id);
  const slash = plain.lastIndexOf('/');
  return slash < 0
    ? { graphId: plain }
    : { graphId: plain.slice(0, slash), nodeId: plain.slice(slash + 1) };
}

/** The execution that all this is part of, however deep below it: what was submitted. */
export function rootExecutionId(id: string): string {
  const [root = id] = plainExecutionId(id).split('/');
  return root;
}
