/** Other tools' graphs as pipelines: text in, a pipeline and what it does not say out. */
import { formatFaults } from '../domain/fault.js';
import { preview, type Json } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { validateGraph } from '../domain/validate.js';
import { fromArgo } from './argo.js';
import { withTemplateDefaults } from './argo-template-defaults.js';
import {
  FORMATS,
  refused,
  type Conversion,
  type ConvertOptions,
  type Format,
  type Settled,
} from './conversion.js';
import { guessFormat } from './detect.js';
import { checkText, readDocuments } from './documents.js';
import { fromDot } from './dot-read.js';
import { fromGithub } from './github.js';
import { Losses } from './loss.js';
import { fromMermaid } from './mermaid-read.js';
import { inOrder } from './order.js';
import { Source } from './source.js';
import { fromWfFormat } from './wfformat.js';

/**
 * A pipeline made of a text in another tool's format, and the losses: every part of the text that the pipeline does not
 * say, each with its place. Where there is none, the pipeline says all of it.
 *
 * Containers and scripts of Argo become programs. Other steps, and those where `options.task` is given, become nodes of that
 * task (default `noop`) with what they did as input, since they do not run by themselves.
 *
 * @param text at most 5,000,000 characters
 * @throws TaskError SPEC_INVALID | TOO_LARGE for a text that is empty, no text, not of that format, or no sound graph
 */
export function convert(text: string, options: ConvertOptions = {}): Conversion {
  checkText(text);
  const from = options.from ?? guessFormat(text);
  if (from === undefined)
    throw refused(
      `it does not look like any format that is known; say which it is: ${FORMATS.join(', ')}`,
    );
  if (!FORMATS.includes(from))
    throw refused(`from: expected one of ${FORMATS.join(', ')}, got ${preview(from)}`);
  if (options.entrypoint !== undefined && from !== 'argo')
    throw refused(
      `entrypoint: only Argo's files have templates to begin with, and this one is read as ${from}; leave it out`,
    );
  const settled: Settled = {
    task: options.task ?? 'noop',
    programs: options.task === undefined,
    name: options.name ?? 'converted',
    ...(options.entrypoint === undefined ? {} : { entrypoint: options.entrypoint }),
  };
  const losses = new Losses();
  const pipeline = READERS[from](text.replace(/^\uFEFF/, ''), settled, losses);
  check(pipeline, from);
  return { pipeline: from === 'pipeline' ? pipeline : inOrder(pipeline), losses: losses.list() };
}

type Read = (text: string, settled: Settled, losses: Losses) => GraphSpec;

const READERS: Record<Format, Read> = {
  argo: (text, settled, losses) =>
    reading(withTemplateDefaults(readDocuments(text)), losses, (source) =>
      fromArgo(source, settled),
    ),
  github: (text, settled, losses) =>
    reading(only(text), losses, (source) => fromGithub(source, settled)),
  wfformat: (text, settled, losses) =>
    reading(only(text), losses, (source) => fromWfFormat(source, settled)),
  mermaid: fromMermaid,
  dot: fromDot,
  pipeline: (text) => only(text) as unknown as GraphSpec,
};

/** Reads a document; what was not looked at is a loss. */
function reading(value: Json, losses: Losses, read: (source: Source) => GraphSpec): GraphSpec {
  const single = Array.isArray(value) && value.length === 1 ? (value[0] ?? null) : value;
  const source = new Source(single, [], losses);
  const pipeline = read(source);
  source.reportUnread();
  losses.sort(single);
  return pipeline;
}

function only(text: string): Json {
  const documents = readDocuments(text);
  if (documents.length > 1)
    throw refused(`expected one document, got ${documents.length}; split the file at "---"`);
  return documents[0] ?? null;
}

/** @throws TaskError with every fault: a cycle in the source is one here too */
function check(pipeline: GraphSpec, from: Format): void {
  const { faults } = validateGraph(pipeline, {}, undefined, { depth: 0, paramsUnknown: true });
  if (faults.length === 0) return;
  const what = from === 'pipeline' ? 'the pipeline' : `the pipeline made of this ${from} text`;
  throw refused(`${what} is not sound:\n${formatFaults(faults)}`);
}
