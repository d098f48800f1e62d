/**
 * What a task of a DAG waits for: `dependencies: [a, b]`, or `depends: a && (b.Succeeded || c.Failed)`.
 *
 * A name alone is `Succeeded || Skipped || Daemoned`. What a trigger rule says becomes one; anything else waits for all
 * (all_done) and looks at their statuses, which is what Argo does.
 */
import { preview } from '../domain/json.js';
import type { TriggerRule } from '../domain/trigger.js';
import { FAILED, hasStatus, joined, negated } from './cel.js';
import { allOf, NotTranslatable, parseLogic, partsOf, type Logic } from './logic.js';
import type { Source } from './source.js';

/** A task that others may wait for. */
export interface Before {
  ids: readonly string[];
  /** It has a condition of its own, so it may end Skipped, which a name alone takes. */
  mayBeSkipped: boolean;
  /** What it waits for may keep it from running, which is Omitted, and which a name alone does not take. */
  mayBeOmitted: boolean;
  allowFailure: boolean;
  /** One node stands for all items of a loop. */
  isMap: boolean;
}

export interface Waiting {
  /** Names of the tasks. */
  names: string[];
  trigger?: TriggerRule;
  /** What has to hold of their statuses; CEL. */
  when?: string;
  /** True where it is more than a list of names. */
  picky: boolean;
}

/** Names of the tasks that an expression waits for, in the order of the text; those that are not there are a loss. */
export function namesIn(source: Source, known: ReadonlySet<string>): Waiting & { logic?: Logic } {
  const depends = source.get('depends');
  const list = source.get('dependencies');
  const names = new Set<string>();
  for (const one of list.items()) {
    const name = one.text();
    if (name === undefined) continue;
    if (known.has(name)) names.add(name);
    else one.lose(`there is no task ${preview(name)} in this template; it is not waited for`);
  }
  const text = depends.text();
  if (text === undefined || text.trim() === '') return { names: [...names], picky: false };
  try {
    const logic = parseLogic(text);
    for (const one of allOf(logic)) {
      if (one.kind !== 'ref') continue;
      const name = String(one.path[0]);
      if (!known.has(name))
        throw new NotTranslatable(`waits for ${preview(name)}, which is no task of this template`);
      names.add(name);
    }
    return { names: [...names], logic, picky: !partsOf('&&', logic).every(isPlain) };
  } catch (error) {
    if (!(error instanceof NotTranslatable)) throw error;
    depends.lose(`${preview(text, 200)} ${error.message}; left out`);
    return { names: [...names], picky: false };
  }
}

/** How to wait for them. */
export function waitingOf(
  source: Source,
  { names, logic, picky }: Waiting & { logic?: Logic },
  before: ReadonlyMap<string, Before>,
): Waiting {
  const all = names.flatMap((name) => before.get(name) ?? []);
  if (!logic || !picky) return { names, picky, ...plainRule(source, all) };
  loseItems(source.get('depends'), logic, before);
  const single = all.length === 1 && all[0]?.ids.length === 1;
  const rule = single ? singleRule(logic) : undefined;
  if (rule !== undefined)
    return { names, picky, ...(rule === 'all_success' ? {} : { trigger: rule }) };
  if (partsOf('&&', logic).every((part) => isResult(part, 'Succeeded'))) return { names, picky };
  const at = source.get('depends');
  return { names, picky, trigger: 'all_done', when: write(logic, before, at) };
}

/** How single items of a map ended is not known: it completes where all have, and fails where one has. */
function loseItems(at: Source, logic: Logic, before: ReadonlyMap<string, Before>): void {
  for (const one of allOf(logic)) {
    const [name = '', result = ''] = one.kind === 'ref' ? one.path.map(String) : [];
    if (!['AnySucceeded', 'AllFailed'].includes(result) || !before.get(name)?.isMap) continue;
    at.losses.add(
      at.path,
      result,
      `${name}.${result} asks for single items of the loop, whose one node is COMPLETED here where all items are, and FAILED where one is; taken as ${result === 'AllFailed' ? 'Failed' : 'Succeeded'}`,
    );
  }
}

function plainRule(source: Source, all: readonly Before[]): { trigger?: TriggerRule } {
  if (!all.some(({ mayBeSkipped }) => mayBeSkipped)) return {};
  const omitted = all.some(({ mayBeOmitted }) => mayBeOmitted);
  if (omitted) {
    const part = source.get(source.get('depends').given ? 'depends' : 'dependencies');
    part.losses.add(
      part.path,
      'Omitted',
      'Skipped and Omitted are both SKIPPED here, so the task also runs where one before it was omitted',
    );
  }
  return { trigger: 'none_failed' };
}

const resultOf = (logic: Logic): string | undefined =>
  logic.kind === 'ref' && logic.path.length === 2 ? String(logic.path[1]) : undefined;
const isResult = (logic: Logic, result: string): boolean => resultOf(logic) === result;

/** A name alone, or what it stands for. */
function isPlain(logic: Logic): boolean {
  if (logic.kind === 'ref' && logic.path.length === 1) return true;
  const parts = partsOf('||', logic);
  const names = new Set(parts.map((part) => (part.kind === 'ref' ? part.path[0] : undefined)));
  const results = new Set(parts.map(resultOf));
  return (
    names.size === 1 &&
    results.has('Succeeded') &&
    results.has('Skipped') &&
    [...results].every((one) => ['Succeeded', 'Skipped', 'Daemoned'].includes(one ?? ''))
  );
}

/** The rule for one task, whose results stand in an `||`. */
function singleRule(logic: Logic): TriggerRule | undefined {
  const parts = partsOf('||', logic).map(resultOf);
  if (parts.some((part) => part === undefined)) return undefined;
  const has = (...results: string[]): boolean => results.some((one) => parts.includes(one));
  const good = has('Succeeded', 'AnySucceeded', 'Daemoned');
  const bad = has('Failed', 'Errored', 'AllFailed');
  const skipped = has('Skipped', 'Omitted');
  if (good)
    return bad ? (skipped ? 'all_done' : undefined) : skipped ? 'none_failed' : 'all_success';
  if (bad) return skipped ? undefined : 'all_failed';
  return 'all_skipped';
}

function write(logic: Logic, before: ReadonlyMap<string, Before>, at: Source): string {
  switch (logic.kind) {
    case 'binary':
      if (logic.operator !== '&&' && logic.operator !== '||') break;
      return joined(
        logic.operator,
        partsOf(logic.operator, logic).map((part) => write(part, before, at)),
      );
    case 'not':
      return negated(write(logic.of, before, at));
    case 'ref':
      return ofResult(logic.path.map(String), before, at);
    case 'value':
    case 'call':
    case 'choose':
      break;
  }
  at.losses.add(
    at.path,
    'depends',
    'a part of it is neither a task nor a result; it counts as true',
  );
  return 'true';
}

function ofResult(
  [name = '', result]: readonly string[],
  before: ReadonlyMap<string, Before>,
  at: Source,
): string {
  const { ids = [], allowFailure = false } = before.get(name) ?? {};
  const say = (message: string): void => at.losses.add(at.path, result ?? '', message);
  const each = (statuses: readonly string[], operator: '&&' | '||' = '&&'): string =>
    joined(
      operator,
      ids.map((id) => hasStatus(id, statuses)),
    );
  switch (result) {
    case undefined:
      return each(allowFailure ? ['COMPLETED', 'SKIPPED', ...FAILED] : ['COMPLETED', 'SKIPPED']);
    case 'Succeeded':
      return each(['COMPLETED']);
    case 'AnySucceeded':
      return each(['COMPLETED'], '||');
    case 'Failed':
      return each(FAILED, '||');
    case 'AllFailed':
      return each(FAILED);
    case 'Errored':
      say('Errored and Failed are both FAILED here');
      return each(FAILED, '||');
    case 'Skipped':
      return each(['SKIPPED']);
    case 'Omitted':
      say('Omitted and Skipped are both SKIPPED here');
      return each(['SKIPPED']);
    case 'Daemoned':
      say('nothing goes on in the background here; taken as Succeeded');
      return each(['COMPLETED']);
    default:
      say(`${preview(result)} is no result that is known; it counts as true`);
      return 'true';
  }
}
