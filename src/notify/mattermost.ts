/**
 * A notice as Mattermost's incoming webhooks take it: Markdown.
 *
 * Signs of Markdown are escaped. Mentions cannot be: a space without width after each `@` keeps one from calling
 * anybody, and a command that holds one, which nobody could type then, is left out.
 */
import type { Json } from '../domain/json.js';
import type { Notice } from './notice.js';

export function mattermostBody({ title, lines, commands, url }: Notice): Json {
  const typed = commands
    .filter((command) => !/[`@]/.test(command))
    .map((command) => `\`${command}\``);
  const link =
    url === undefined ? [] : [`[Open it](${url.replaceAll('(', '%28').replaceAll(')', '%29')})`];
  const parts = [`**${escaped(title)}**`, ...lines.map(escaped), ...typed, ...link];
  return { text: parts.join('  \n') };
}

const escaped = (text: string): string =>
  text.replace(/[\\*_~`|>[\]()#!-]/g, '\\$&').replaceAll('@', '@\u200b');
