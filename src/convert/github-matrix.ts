/** A job's `strategy.matrix`: the jobs it stands for, or the list that only a run knows. */
import { TaskError } from '../domain/errors.js';
import { getOwn, isObject, preview, setOwn, type Json, type JsonObject } from '../domain/json.js';
import { asText, type Values } from './github-values.js';
import type { Source } from './source.js';

/** Jobs of one matrix, as GitHub has it. */
const MOST_JOBS = 256;

/** One job of a matrix: its values as far as they are known before the run, and a name made of them. */
export interface MatrixJob {
  values: Values;
  name: string;
}

/** A list that only a run knows. */
export interface Dynamic {
  key?: string;
  expression: Source;
}

export interface Matrix {
  jobs: MatrixJob[];
  /** The one key whose list an expression gives; without a key that is `include`, whose items are whole jobs. */
  dynamic?: Dynamic;
}

const ONE: Matrix = { jobs: [{ values: {}, name: '' }] };
/** One job whose values only a run knows: what reads them stays as it is. */
const UNKNOWN: Matrix = { jobs: [{ values: undefined, name: '' }] };

/**
 * The jobs of a matrix: the product of its lists, without what `exclude` names, with what `include` adds.
 *
 * @throws TaskError TOO_LARGE for more than 256, which GitHub refuses too
 */
export function matrixOf(source: Source): Matrix {
  if (!source.given) return ONE;
  if (!isObject(source.value)) {
    source.lose(
      `the matrix ${preview(source.value)} is known only at run time, and no list; the job runs once`,
    );
    return UNKNOWN;
  }
  const lists: [string, Json[]][] = [];
  const open: [string, Source][] = [];
  for (const [key, part] of source.entries()) {
    if (key === 'include' || key === 'exclude') continue;
    if (Array.isArray(part.value)) lists.push([key, part.take() as Json[]]);
    else if (isExpression(part)) open.push([key, part]);
    else part.lose(`expected a list, got ${preview(part.value)}; left out`);
  }
  const include = source.get('include');
  if (lists.length + open.length === 0 && isExpression(include))
    return { ...UNKNOWN, dynamic: { expression: include } };
  const size = lists.reduce((product, [, values]) => product * values.length, 1);
  if (size > MOST_JOBS) throw tooMany(source, size);
  const made = included(excluded(product(lists), source.get('exclude')), include);
  if (made.length > MOST_JOBS) throw tooMany(source, made.length);
  const names = namesOf(
    made,
    lists.map(([key]) => key),
  );
  const jobs = made.map((values, index) => ({ values, name: names[index] ?? '' }));
  return withOpen({ jobs: jobs.length === 0 ? [{ values: {}, name: '' }] : jobs }, open);
}

const isExpression = ({ value }: Source): boolean =>
  typeof value === 'string' && value.includes('${{');

/** One list that is open becomes a map; more cannot be. */
function withOpen(matrix: Matrix, open: [string, Source][]): Matrix {
  const [first, ...more] = open;
  // As the text that it is, a value is known to nobody, and what reads it stays as it is.
  for (const { values } of open.length === 0 ? [] : matrix.jobs)
    for (const [key, { value }] of open) setOwn(values ?? {}, key, value as Json);
  for (const [, part] of more)
    part.lose('only one list of a matrix may be known at run time alone; this one is left out');
  if (!first) return matrix;
  const [key, expression] = first;
  return { ...matrix, dynamic: { key, expression } };
}

const tooMany = (source: Source, count: number): TaskError =>
  new TaskError(
    'TOO_LARGE',
    `${source.path.join('.')}: the matrix makes ${count} jobs; GitHub and this converter take at most ${MOST_JOBS}`,
  );

function product(lists: [string, Json[]][]): JsonObject[] {
  let made: JsonObject[] = lists.length === 0 ? [] : [{}];
  for (const [key, values] of lists)
    made = made.flatMap((before) => values.map((value) => withValue(before, key, value)));
  return made;
}

function withValue(before: JsonObject, key: string, value: Json): JsonObject {
  const after = { ...before };
  setOwn(after, key, value);
  return after;
}

const same = (a: Json | undefined, b: Json | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

function objectsOf(source: Source): JsonObject[] {
  return source.items().flatMap((item) => {
    if (isObject(item.value)) {
      item.take();
      return [item.value as JsonObject];
    }
    item.lose(`expected an object, got ${preview(item.value)}; left out`);
    return [];
  });
}

function excluded(jobs: JsonObject[], source: Source): JsonObject[] {
  const rules = objectsOf(source);
  return jobs.filter(
    (job) =>
      !rules.some((rule) =>
        Object.entries(rule).every(([key, value]) => same(getOwn(job, key), value)),
      ),
  );
}

/** An entry goes to every job whose own values it does not change, and is a job by itself where there is none. */
function included(jobs: JsonObject[], source: Source): JsonObject[] {
  const own = jobs.map((job) => ({ job, original: { ...job } }));
  const alone: JsonObject[] = [];
  for (const entry of objectsOf(source)) {
    const fits = own.filter(({ original }) =>
      Object.entries(entry).every(
        ([key, value]) => !Object.hasOwn(original, key) || same(getOwn(original, key), value),
      ),
    );
    if (fits.length === 0) alone.push(entry);
    for (const { job } of fits)
      for (const [key, value] of Object.entries(entry)) setOwn(job, key, value);
  }
  return [...own.map(({ job }) => job), ...alone];
}

/** Such as `20-linux-x64`: as few of the values as tell the jobs apart, those of the lists first; else numbers. */
function namesOf(jobs: readonly JsonObject[], lists: readonly string[]): string[] {
  if (jobs.length === 1 && lists.length === 0) return [''];
  const keys = [...new Set([...lists, ...jobs.flatMap(Object.keys)])];
  for (let count = Math.max(1, lists.length); count <= keys.length; count++) {
    const names = jobs.map((values) => nameOf(values, keys.slice(0, count)));
    if (new Set(names).size === jobs.length && names.every((name) => name !== '')) return names;
  }
  return jobs.map((_values, index) => String(index + 1));
}

function nameOf(values: JsonObject, keys: readonly string[]): string {
  return keys
    .map((key) => getOwn(values, key) ?? null)
    .filter((value) => typeof value !== 'object' && !asText(value).includes('${{'))
    .map((value) => asText(value).slice(0, 40))
    .filter((text) => text !== '')
    .join('-');
}
