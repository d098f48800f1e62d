/** The workflow files of other tools under `../shared/data`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { realDataFolder } from './real-graphs.js';

export interface ForeignFile {
  /** The path below the source's folder. */
  name: string;
  text: string;
}

/** Every YAML file of a source, by name; none where the data is not next to this checkout. */
export function foreignFiles(source: 'argo-workflows' | 'github-actions'): ForeignFile[] {
  const folder = realDataFolder();
  if (folder === undefined) return [];
  const root = join(folder, source);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));
}

/** For the title of a suite that needs them. */
export const unlessThere = realDataFolder()
  ? ''
  : ' (skipped: no shared/data next to this checkout)';
