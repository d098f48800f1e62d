/** A notice as a mail: subject, text and HTML. Pure; `smtp.ts` sends it. */
import { subjectOf } from '../domain/mail-subject.js';
import type { EmailSink } from '../domain/sink.js';
import type { ExecutionEvent } from '../store/execution-events.js';
import { nameOf, type Notice } from './notice.js';

export interface Mail {
  /** The same whenever the same event is sent again. */
  messageId: string;
  subject: string;
  text: string;
  html: string;
  headers: Record<string, string>;
}

export function mailOf({ subject, from }: EmailSink, event: ExecutionEvent, notice: Notice): Mail {
  const { id, executionId, status, project, event: name } = event;
  const { title } = notice;
  const [, domain = 'localhost'] = /@([^\s>]+)>?$/.exec(from) ?? [];
  return {
    messageId: `<${id}@${domain}>`,
    subject: subjectOf(subject, {
      ...{ title, name: nameOf(event), status, event: name, executionId, project: project ?? '' },
    }),
    text: textOf(notice),
    html: htmlOf(notice),
    // Nobody's holiday note answers it (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Tempograph-Event': name },
  };
}

function textOf({ title, lines, commands, url }: Notice): string {
  const typed = commands.map((command) => `  ${command}`);
  const parts = [[title], lines, typed, url === undefined ? [] : [url]];
  return `${parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n')}\n`;
}

function htmlOf({ title, lines, commands, url }: Notice): string {
  const list = lines.map((line) => `<li>${escaped(line)}</li>`).join('');
  const typed = commands.map((command) => `<pre>${escaped(command)}</pre>`).join('');
  const link = url === undefined ? '' : `<p><a href="${escaped(url)}">Open it</a></p>`;
  return `<!doctype html><meta charset="utf-8"><h3>${escaped(title)}</h3><ul>${list}</ul>${typed}${link}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');
