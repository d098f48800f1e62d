/** A graph as text to edit, and back: YAML, of which JSON is a part. */
import { parseDocument, stringify } from 'yaml';
import { S } from './strings/page.js';

export type Format = 'yaml' | 'json';

export function textOf(value: unknown, format: Format): string {
  return format === 'json'
    ? `${JSON.stringify(value, null, 2)}\n`
    : stringify(value, { lineWidth: 100, aliasDuplicateObjects: false });
}

/** The graph that a text says, or the first thing that is wrong with it, with its line. */
export function graphOf(text: string): { graph: Record<string, unknown> } | { wrong: string } {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const line = text.slice(0, error.pos[0]).split('\n').length;
    return { wrong: `${S.line} ${line}: ${error.message}` };
  }
  try {
    const graph: unknown = document.toJS({ maxAliasCount: 100 });
    if (typeof graph === 'object' && graph !== null && 'tasks' in graph) return { graph: graph };
    return { wrong: S.noTasks };
  } catch (error) {
    return { wrong: String(error) };
  }
}
