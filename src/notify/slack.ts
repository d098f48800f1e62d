/**
 * A notice as Slack's incoming webhooks take it: Block Kit, in mrkdwn.
 *
 * Escaping `&`, `<` and `>` is all that Slack wants, and takes all power from a text: links, and mentions of people,
 * channels and everyone, are written in angle brackets. `verbatim` keeps Slack from making links of what looks like one.
 */
import type { Json } from '../domain/json.js';
import { cut } from '../domain/visible-text.js';
import type { Notice } from './notice.js';

/** Slack's own bound on a section, in characters. */
const SECTION = 3_000;

export function slackBody({ title, lines, commands, url }: Notice): Json {
  const link = url === undefined ? [] : [`<${escaped(url)}|Open it>`];
  const typed = commands.map((command) => `\`${escaped(command.replaceAll('`', "'"))}\``);
  const sections = [[`*${escaped(title)}*`], lines.map(escaped), [...typed, ...link]];
  return {
    text: escaped(title),
    blocks: sections
      .filter((parts) => parts.length > 0)
      .map((parts) => ({
        type: 'section',
        text: { type: 'mrkdwn', text: cut(parts.join('\n'), SECTION), verbatim: true },
      })),
  };
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => ENTITIES[sign] ?? '');
