/**
 * `<execution>/<node>`: node ids hold no slash. What runs below a sub-graph or map is `<execution>/<node>/<node>`, and
 * item 3 of a map may be written `<execution>/<node>[3]` for `<execution>/<node>/3`.
 */
export function splitExecutionId(id: string): { graphId: string; nodeId?: string } {
  const plain = id.replace(/\[(\d+)\](?=\/|$)/g, '/$1');
  const slash = plain.lastIndexOf('/');
  return slash < 0
    ? { graphId: plain }
    : { graphId: plain.slice(0, slash), nodeId: plain.slice(slash + 1) };
}
