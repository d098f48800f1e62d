/**
 * A notice as plain text, in the one field that most chats take: `{ "text": … }`.
 *
 * Which markup the reader knows is not known, so what calls people is broken up in all ways: `@everyone`, `<!channel>`,
 * `<users/all>`.
 */
import type { Json } from '../domain/json.js';
import type { Notice } from './notice.js';

/** A space without width. */
const GAP = '\u200b';

export function textBody({ title, lines, commands, url }: Notice): Json {
  const said = [title, ...lines].map((text) => text.replace(/[@<]/g, `$&${GAP}`));
  const typed = commands.filter((command) => !/[@<]/.test(command));
  return { text: [...said, ...typed, ...(url === undefined ? [] : [url])].join('\n') };
}
