/**
 * What a Markdown text links to, and the anchors that links can lead to.
 *
 * A reader of lines, not a whole Markdown parser: it knows inline links and images, reference definitions, `<a href>`,
 * `<img src>`, headings and ids, and passes over code and comments. It reads what GitHub shows as a link in all but
 * contrived texts.
 */

/** A link's target as written, without its title, and the line it stands on, from 1. */
export interface Link {
  target: string;
  line: number;
}

/** Searching a line takes up to the square of its length. */
const MAX_LINE = 5_000;

/** `](target)` and `](<target> "title")`; parentheses inside a target come in pairs. */
const INLINE = /\]\(\s*(?:<([^<>]*)>|((?:\\.|[^\s()\\]|\((?:\\.|[^\s()\\])*\))+))(?=[\s)])/g;
/** `[name]: target`, but not `[^1]: a footnote`. */
const DEFINITION = /^ {0,3}\[(?!\^)[^\]]+\]:\s*(?:<([^<>]*)>|(\S+))/;
const HTML = /<(?:a|img)\b[^<>]*?\b(?:href|src)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')/gi;
const HTML_ID = /<[a-z][^<>]*?\b(?:id|name)\s*=\s*["']?([^"'\s<>]+)/gi;
const HEADING = /^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$/;
/** The line under a heading's text. */
const UNDERLINE = /^ {0,3}(?:=+|-+)\s*$/;

/** Links in the text, in order of their lines. */
export function linksIn(markdown: string): Link[] {
  const lines = withoutComments(withoutFences(markdown).replace(/(`+)[^`\n]+\1/g, ' ')).split('\n');
  return lines.flatMap((text, index) => {
    const definition = DEFINITION.exec(text);
    const matches = [...text.matchAll(INLINE), ...text.matchAll(HTML)];
    if (definition) matches.push(definition);
    return matches.map((match) => ({
      target: plainTarget(match[1] ?? match[2] ?? ''),
      line: index + 1,
    }));
  });
}

/** Anchors that the text offers, as `comparableAnchor` spells them. */
export function anchorsIn(markdown: string): Set<string> {
  const anchors = new Set<string>();
  const times = new Map<string, number>();
  const lines = withoutFences(markdown).split('\n');
  lines.forEach((text, index) => {
    for (const [, id] of text.matchAll(HTML_ID)) anchors.add(comparableAnchor(id ?? ''));
    const underlined = UNDERLINE.test(lines[index + 1] ?? '') && text.trim() !== '';
    const heading = HEADING.exec(text)?.[1] ?? (underlined ? text.trim() : undefined);
    if (heading === undefined) return;
    const own = /\s*\{#([^\s{}]+)\}$/.exec(heading);
    if (own) anchors.add(comparableAnchor(own[1] ?? ''));
    const slug = slugOf(heading.slice(0, own?.index));
    const before = times.get(slug) ?? 0;
    times.set(slug, before + 1);
    anchors.add(before === 0 ? slug : `${slug}-${before}`); // the second "Usage" is usage-1
  });
  return anchors;
}

/** Anchors that are equal to a browser on GitHub are equal in this spelling. */
export function comparableAnchor(anchor: string): string {
  return anchor.toLowerCase().normalize().replaceAll('\ufe0f', ''); // an emoji's variation selector
}

/** The anchor GitHub gives a heading: small letters, no punctuation, a hyphen for each space. */
function slugOf(heading: string): string {
  const text = heading
    .replace(/!\[[^[\]]*\]\([^()]*\)/g, '')
    .replace(/\[([^[\]]*)\](?:\([^()]*\)|\[[^[\]]*\])/g, '$1')
    .replace(/<[^<>]*>|&#?\w+;/g, '')
    .replace(/(?<![\w`])(_{1,2})(?=\S)([^_`]+)\1(?![\w`])/g, '$2');
  const kept = text.trim().replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '');
  return comparableAnchor(kept.replaceAll(' ', '-'));
}

function plainTarget(target: string): string {
  return target.replace(/\\([!-/:-@[-`{-~])/g, '$1').replaceAll('&amp;', '&');
}

/** Empties the lines of fenced code, and those too long for a person's, so that the others keep their numbers. */
function withoutFences(markdown: string): string {
  let fence: string | undefined;
  const lines = markdown.split(/\r?\n/).map((line) => {
    const marker = /^[\s>]*(?:[-*+]\s+|\d+[.)]\s+)?(`{3,}|~{3,})(.*)$/.exec(line);
    const [, run = '', after = ''] = marker ?? [];
    if (fence === undefined) {
      if (line.length > MAX_LINE) return '';
      if (!marker || (run.startsWith('`') && after.includes('`'))) return line;
      fence = run;
    } else if (run.startsWith(fence) && after.trim() === '') fence = undefined;
    return '';
  });
  return lines.join('\n');
}

function withoutComments(markdown: string): string {
  return markdown.replace(/<!--[\s\S]*?(?:-->|$)/g, (comment) => comment.replace(/[^\n]/g, ''));
}
