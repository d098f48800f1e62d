/** What a text looks like. */
import { isObject } from '../domain/json.js';
import type { Format } from './conversion.js';
import { readDocuments } from './documents.js';

const BY_ENDING: readonly (readonly [RegExp, Format])[] = [
  [/\.(mmd|mermaid)$/i, 'mermaid'],
  [/\.(dot|gv)$/i, 'dot'],
];

/** The format of a text, by its file's ending or else by what stands in it; undefined where nothing fits. */
export function guessFormat(text: string, file = ''): Format | undefined {
  const byEnding = BY_ENDING.find(([ending]) => ending.test(file))?.[1];
  if (byEnding) return byEnding;
  if (
    /^\s*(?:%%[^\n]*\n\s*|---\n[\s\S]*?\n---\n\s*)*(?:flowchart|graph)\s+(?:TB|TD|BT|RL|LR)\b/.test(
      text,
    )
  )
    return 'mermaid';
  if (
    /^(?:\s|\/\/[^\n]*\n|#[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:strict\s+)?(?:di)?graph\b[^\n:]*\{/i.test(
      text,
    )
  )
    return 'dot';
  if (/^\s*flowchart\b/.test(text)) return 'mermaid';
  return byContent(text);
}

function byContent(text: string): Format | undefined {
  let documents: unknown[];
  try {
    documents = readDocuments(text);
  } catch {
    return undefined; // the one that is asked for will say what is wrong
  }
  const objects = documents.filter(isObject);
  if (objects.some(({ apiVersion }) => String(apiVersion).startsWith('argoproj.io/')))
    return 'argo';
  const [first = {}] = objects;
  const { workflow, jobs, tasks, spec } = first;
  if (isObject(workflow)) return 'wfformat';
  if (isObject(jobs)) return 'github';
  if (Array.isArray(tasks)) return 'pipeline';
  return isObject(spec) && Array.isArray(spec['templates']) ? 'argo' : undefined;
}
