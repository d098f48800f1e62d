/**
 * A notice as a workflow of Microsoft Teams takes it: an Adaptive Card.
 *
 * Texts stand in RichTextBlocks, which know no Markdown, so that nothing in them becomes a link; a mention would need an
 * entity of the card's own.
 */
import type { Json } from '../domain/json.js';
import type { Notice, Tone } from './notice.js';

const COLOR: Readonly<Record<Tone, string>> = {
  bad: 'Attention',
  urgent: 'Warning',
  good: 'Good',
  neutral: 'Default',
};

export function teamsBody({ title, tone, lines, commands, url }: Notice): Json {
  const run = (text: string, more: { [key: string]: Json } = {}): Json => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text, ...more }],
  });
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            run(title, { weight: 'Bolder', size: 'Medium', color: COLOR[tone] }),
            ...lines.map((line) => run(line)),
            ...commands.map((command) => run(command, { fontType: 'Monospace' })),
          ],
          ...(url === undefined
            ? {}
            : { actions: [{ type: 'Action.OpenUrl', title: 'Open it', url }] }),
        },
      },
    ],
  };
}
