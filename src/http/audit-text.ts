/** The audit log as text: CSV (RFC 4180), and a line of JSON for each entry. */
import type { AuditRecord } from '../client.js';

const COLUMNS = ['id', 'at', 'who', 'what', 'target', 'reason', 'details'] as const;

/** @param head with the names of the columns */
export function auditCsv(entries: readonly AuditRecord[], head: boolean): string {
  const rows = entries.map((entry) => COLUMNS.map((column) => cell(entry[column])).join(','));
  return [...(head ? [COLUMNS.join(',')] : []), ...rows].map((row) => `${row}\r\n`).join('');
}

export function auditLines(entries: readonly AuditRecord[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

/** What a spreadsheet would take for a formula gets an apostrophe: ids and reasons are other people's words. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}
