import { parseDuration } from '../domain/duration.js';
import { UsageError } from './exit.js';

/** `2h` (ago), or an ISO time. @throws UsageError naming the option */
export function sinceOf(text: string, now = Date.now(), name = '--since'): Date {
  if (/^\d{4}-/.test(text)) {
    const at = new Date(text);
    if (!Number.isNaN(at.getTime())) return at;
  } else {
    try {
      return new Date(now - parseDuration(text));
    } catch {
      // said below
    }
  }
  throw new UsageError(
    `${name}: expected a time (2027-01-31T08:00:00Z) or how long ago (2h), got ${JSON.stringify(text)}`,
  );
}
