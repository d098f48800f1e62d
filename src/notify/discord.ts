/**
 * A notice as Discord's webhooks take it: an embed.
 *
 * `allowed_mentions` keeps a message from calling anybody, whatever stands in it; signs of Markdown are escaped.
 */
import type { Json } from '../domain/json.js';
import { cut } from '../domain/visible-text.js';
import type { Notice, Tone } from './notice.js';

const COLOR: Readonly<Record<Tone, number>> = {
  bad: 0xd93025,
  urgent: 0xf29900,
  good: 0x188038,
  neutral: 0x5f6368,
};
/** Discord's own bounds, in characters. */
const TITLE = 256;
const DESCRIPTION = 4_096;

export function discordBody({ title, tone, lines, commands, url }: Notice): Json {
  const typed = commands.map((command) => `\`${command.replaceAll('`', "'")}\``);
  const description = [...lines.map(escaped), ...typed].join('\n');
  return {
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: cut(escaped(title), TITLE),
        description: cut(description, DESCRIPTION),
        color: COLOR[tone],
        ...(url === undefined ? {} : { url }),
      },
    ],
  };
}

const escaped = (text: string): string => text.replace(/[\\*_~`|>[\]()#<@-]/g, '\\$&');
