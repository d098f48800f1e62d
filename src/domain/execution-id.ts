/** `<execution>/<node>`: node ids hold no slash. */
export function splitExecutionId(id: string): { graphId: string; nodeId?: string } {
  const slash = id.lastIndexOf('/');
  return slash < 0 ? { graphId: id } : { graphId: id.slice(0, slash), nodeId: id.slice(slash + 1) };
}
