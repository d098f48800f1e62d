/**
 * Whether the links in a repository's Markdown files lead somewhere.
 *
 * A relative link must name a file or folder on disk, an anchor a heading or id of a Markdown file. A link that starts
 * with a scheme (`https:`, `mailto:`) is counted and never fetched.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { isMarkdown } from './languages.js';
import { anchorsIn, comparableAnchor, linksIn } from './markdown-links.js';
import { readTrackedFile } from './tracked-file.js';

/** The broken links that are listed; more are only counted. */
const MAX_LISTED = 500;
/** Larger documents are not read. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;

const BrokenLinkSchema = z.strictObject({
  document: z.string(),
  line: z.int(),
  target: z.string(),
  reason: z.string(),
});
export type BrokenLink = z.infer<typeof BrokenLinkSchema>;

export const LinkReportSchema = z.strictObject({
  /** Documents that were read. */
  documents: z.int(),
  /** Links into the repository, the broken ones included. */
  internal: z.int(),
  /** Links with a scheme, not fetched. */
  external: z.int(),
  brokenCount: z.int(),
  /** The first 500 of them. */
  broken: z.array(BrokenLinkSchema),
});
export type LinkReport = z.infer<typeof LinkReportSchema>;

export interface CheckOptions {
  signal?: AbortSignal | undefined;
  onDocument?: (done: number, total: number) => void;
}

/** Checks the links of `documents`, Markdown files given relative to `root`. */
export async function checkLinks(
  root: string,
  documents: string[],
  { signal, onDocument }: CheckOptions = {},
): Promise<LinkReport> {
  const report: LinkReport = { documents: 0, internal: 0, external: 0, brokenCount: 0, broken: [] };
  const anchors = new Anchors(root);
  for (const [index, document] of documents.entries()) {
    signal?.throwIfAborted();
    const text = await readDocument(path.join(root, document));
    if (text !== undefined) report.documents += 1;
    for (const { target, line } of text === undefined ? [] : linksIn(text)) {
      if (isExternal(target)) {
        report.external += 1;
        continue;
      }
      report.internal += 1;
      const reason = await whyBroken(root, document, target, anchors);
      if (reason === undefined) continue;
      report.brokenCount += 1;
      if (report.broken.length < MAX_LISTED) report.broken.push({ document, line, target, reason });
    }
    onDocument?.(index + 1, documents.length);
  }
  return report;
}

function isExternal(target: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target);
}

/** Why the link leads nowhere, or `undefined` when it leads somewhere. */
async function whyBroken(root: string, document: string, target: string, anchors: Anchors) {
  const [, place = '', anchor = ''] = /^([^?#]*)(?:\?[^#]*)?(?:#(.*))?$/s.exec(target) ?? [];
  const decodedPlace = decoded(place);
  const decodedAnchor = decoded(anchor);
  if (decodedPlace === undefined || decodedAnchor === undefined)
    return 'its % signs are not an encoding';

  // As GitHub reads it, a leading slash is the root of the repository.
  const from = decodedPlace.startsWith('/') ? '.' : path.posix.dirname(document);
  const file = decodedPlace === '' ? document : path.posix.join(from, decodedPlace);
  if (file === '..' || file.startsWith('../')) return 'leads out of the repository';
  if (!(await exists(path.join(root, file)))) return 'no such file';

  const isAnchor = decodedAnchor !== '' && decodedAnchor !== 'top' && isMarkdown(file);
  if (!isAnchor || /^L\d/.test(decodedAnchor)) return undefined; // #L10 is a line of the source view
  return (await anchors.has(file, decodedAnchor)) ? undefined : 'no such heading';
}

/** Anchors of documents, each read once and only when a link asks. */
class Anchors {
  readonly #root: string;
  readonly #known = new Map<string, Set<string> | undefined>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Also true for a document that was not read. */
  async has(document: string, anchor: string): Promise<boolean> {
    if (!this.#known.has(document)) {
      const text = await readDocument(path.join(this.#root, document));
      this.#known.set(document, text === undefined ? undefined : anchorsIn(text));
    }
    return this.#known.get(document)?.has(comparableAnchor(anchor)) ?? true;
  }
}

/** The document's text, or `undefined` when it was not read. */
async function readDocument(file: string): Promise<string | undefined> {
  const content = await readTrackedFile(file, MAX_DOCUMENT_BYTES);
  return typeof content === 'string' ? undefined : content.toString();
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
