/**
 * A notice as Mattermost's incoming webhooks take it: Markdown.
 *
 * Signs of Markdown are escaped. Mentions cannot be: a space without width after each `@` keeps one from calling
 * anybody.
 */
import type { Json } from '../domain/json.js';
import type { Notice } from './notice.js';

export function mattermostBody({ title, lines, commands, url }: Notice): Json {
  const typed = commands.map((command) => `\`${command.replaceAll('`', "'")}\``);
  const link =
    url === undefined ? [] : [`[Open it](${url.replaceAll('(', '%28').replaceAll(')', '%29')})`];
  const parts = [`**${escaped(title)}**`, ...lines.map(escaped), ...typed, ...link];
  return { text: parts.join('  \n') };
}

const escaped = (text: string): string =>
  text.replace(/[\\*_~`|>[\]()#!-]/g, '\\$&').replaceAll('@', '@\u200b');
