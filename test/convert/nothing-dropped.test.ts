/**
 * Nothing is dropped in silence: every value of every file is changed, one at a time, and each change shows, in the
 * pipeline or as a loss at that place. And a key that no converter knows is always a loss, or kept.
 */
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { fromArgo } from '../../src/convert/argo.js';
import { fromGithub } from '../../src/convert/github.js';
import { Losses } from '../../src/convert/loss.js';
import { Source } from '../../src/convert/source.js';
import { fromWfFormat } from '../../src/convert/wfformat.js';
import { TaskError } from '../../src/domain/errors.js';
import { formatPath, type Json, type Path } from '../../src/domain/json.js';
import { foreignFiles, unlessThere } from '../support/foreign-files.js';
import { WFFORMAT_14, WFFORMAT_15 } from './support/wfformat.js';

type Read = typeof fromArgo;

interface Outcome {
  pipeline: string;
  losses: { path: string; text: string }[];
}

function outcome(document: Json, read: Read): Outcome | 'refused' {
  const losses = new Losses();
  const source = new Source(document, [], losses);
  try {
    const pipeline = JSON.stringify(read(source, { task: 'noop', programs: false, name: 'x' }));
    source.reportUnread();
    const found = losses.list().map((loss) => ({ path: loss.path, text: JSON.stringify(loss) }));
    return { pipeline, losses: found };
  } catch (error) {
    if (error instanceof TaskError) return 'refused';
    throw error;
  }
}

/** Every place where a value stands, and every object. */
function placesIn(value: Json, at: Path = []): { at: Path; leaf: boolean }[] {
  if (typeof value !== 'object' || value === null) return [{ at, leaf: true }];
  const inside = Array.isArray(value)
    ? value.flatMap((item, index) => placesIn(item, [...at, index]))
    : Object.keys(value).flatMap((key) => placesIn(value[key] ?? null, [...at, key]));
  return [...(Array.isArray(value) ? [] : [{ at, leaf: false }]), ...inside];
}

function changed(document: Json, at: Path, change: (value: Json) => Json): Json {
  const [step, ...rest] = at;
  if (step === undefined) return change(document);
  const copy = (Array.isArray(document) ? [...document] : { ...(document as object) }) as Record<
    string | number,
    Json
  >;
  copy[step] = changed(copy[step] ?? null, rest, change);
  return copy;
}

const other = (value: Json): Json =>
  typeof value === 'string'
    ? `${value}zz`
    : typeof value === 'number'
      ? value + 1
      : typeof value === 'boolean'
        ? !value
        : 'zz';

/** True where a loss stands at the place, above it or below it. */
function isTold({ losses }: Outcome, at: Path): boolean {
  const wanted = formatPath(at);
  return losses.some(({ path }) => {
    const one = path.replaceAll('[*]', '[0]');
    const here = path.includes('[*]') ? wanted.replace(/\[\d+\]/g, '[0]') : wanted;
    return [
      [one, here],
      [here, one],
    ].some(
      ([long = '', short = '']) =>
        long === short || long.startsWith(`${short}.`) || long.startsWith(`${short}[`),
    );
  });
}

/** All places, but of those inside of steps, which are taken whole, only some: else this takes minutes. */
function chosen(document: Json): { at: Path; leaf: boolean }[] {
  let inSteps = 0;
  return placesIn(document).filter(
    ({ at }) => at[0] !== 'jobs' || at[2] !== 'steps' || inSteps++ % 11 === 0,
  );
}

/** Places whose change shows nowhere. */
function silent(document: Json, read: Read): string[] {
  const before = outcome(document, read);
  if (before === 'refused') throw new Error('refused as it is');
  return chosen(document).flatMap(({ at, leaf }) => {
    const change = leaf ? other : (value: Json) => ({ ...(value as object), unheardOf: 'zz' });
    const after = outcome(changed(document, at, change), read);
    if (after === 'refused') return [];
    const place = leaf ? at : [...at, 'unheardOf'];
    const shows =
      after.pipeline !== before.pipeline ||
      JSON.stringify(after.losses) !== JSON.stringify(before.losses) ||
      isTold(after, place);
    return shows ? [] : [formatPath(place)];
  });
}

function documentOf(text: string): Json {
  const documents = parseAllDocuments(text)
    .map((one) => (one as { toJS(): Json }).toJS())
    .filter((one) => one !== null);
  return documents.length === 1 ? (documents[0] ?? null) : documents;
}

/** Containers and scripts as programs. */
const withPrograms: Read = (source, settled) => fromArgo(source, { ...settled, programs: true });

for (const [source, how, read] of [
  ['argo-workflows', 'as programs', withPrograms],
  ['argo-workflows', 'as inputs', fromArgo],
  ['github-actions', 'as inputs', fromGithub],
] as const) {
  const files = foreignFiles(source);
  (files.length > 0 ? describe : describe.skip)(`${source} ${how}${unlessThere}`, () => {
    it.each(files)('no change of a value in $name goes unseen', ({ text }) => {
      expect(silent(documentOf(text), read)).toEqual([]);
    });
  });
}

describe('WfFormat', () => {
  it.each([
    ['1.5', WFFORMAT_15],
    ['1.4', WFFORMAT_14],
  ])('no change of a value in a trace of version %s goes unseen', (_version, trace) => {
    expect(silent(trace, fromWfFormat)).toEqual([]);
  });
});

describe('the check itself', () => {
  it('finds a value that a converter takes and forgets', () => {
    const forgets: Read = (source) => {
      source.get('kept').text();
      source.get('forgotten').take();
      return { name: String(source.get('kept').value), tasks: [] };
    };
    expect(silent({ kept: 'a', forgotten: { b: 1 } }, forgets)).toEqual([
      'forgotten.unheardOf',
      'forgotten.b',
    ]);
  });
});
