/** A job's `concurrency`: one at a time of a group, which is a limit here. */
import { isObject, preview } from '../domain/json.js';
import { inTemplate, plain } from './cel.js';
import type { GithubParams } from './github-params.js';
import { asText, valueOf } from './github-values.js';
import { NotTranslatable, parseLogic } from './logic.js';
import type { Source } from './source.js';

/** A limit of one; undefined where there is none, or where the group cannot be said. */
export function limitOf(
  source: Source,
  params: GithubParams,
): { key: string; max: number } | undefined {
  if (!source.given) return undefined;
  const group = isObject(source.value) ? source.get('group') : source;
  const text = group.text();
  if (isObject(source.value)) {
    const cancels = source.get('cancel-in-progress');
    if (cancels.given)
      cancels.lose(
        'what runs goes on, and the next waits; executions are cancelled by tempograph cancel',
      );
  }
  if (text === undefined || text === '') return undefined;
  try {
    return { key: keyOf(text, params, group), max: 1 };
  } catch (error) {
    if (!(error instanceof NotTranslatable)) throw error;
    group.lose(`the group ${preview(text)} ${error.message}; left out`);
    return undefined;
  }
}

/** @throws NotTranslatable for a group that reads what only GitHub knows */
function keyOf(text: string, params: GithubParams, at: Source): string {
  let key = '';
  let end = 0;
  for (const match of text.matchAll(/\$\{\{([\s\S]*?)\}\}/g)) {
    const logic = parseLogic(match[1] ?? '');
    const known = valueOf(logic, {});
    const param = !known && logic.kind === 'ref' ? params.read(logic.path, at) : undefined;
    if (!known && !param) throw new NotTranslatable('reads what is known only to GitHub');
    key += plain(text.slice(end, match.index));
    key += param ? inTemplate(param.cel) : plain(asText(known?.value ?? null));
    end = match.index + match[0].length;
  }
  return key + plain(text.slice(end));
}
