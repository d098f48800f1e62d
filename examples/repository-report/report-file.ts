/** Writing a report so that a reader finds the old one or the new one, never a part. */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

export const WrittenFileSchema = z.strictObject({ path: z.string(), bytes: z.int() });
export type WrittenFile = z.infer<typeof WrittenFileSchema>;

/**
 * Writes `text` to `name` in `folder`, which is made when it is missing. Doing it again gives the same file.
 *
 * @returns the file's absolute path, and its size
 */
export async function writeReport(
  folder: string,
  name: string,
  text: string,
): Promise<WrittenFile> {
  const target = path.resolve(folder, name);
  // In the same folder, since a rename is atomic only within a file system.
  const temporary = `${target}.${randomUUID()}.tmp`;
  await mkdir(path.dirname(target), { recursive: true });
  try {
    await writeFile(temporary, text);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { path: target, bytes: Buffer.byteLength(text) };
}
