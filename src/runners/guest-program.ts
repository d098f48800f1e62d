/** The file that a guest begins with: compiled, or from source. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function guestProgram(): string {
  const compiled = fileURLToPath(new URL('./guest-entry.js', import.meta.url));
  return existsSync(compiled)
    ? compiled
    : fileURLToPath(new URL('./guest-from-source.mjs', import.meta.url));
}
