import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One graph as the index of its source describes it; `runtimes` is a sentence where the unit is not the second. */
export interface CatalogueEntry {
  source: string;
  file: string;
  tasks: number;
  edges: number;
  depth: number | null;
  max_width: number | null;
  max_fan_in: number;
  max_fan_out: number;
  roots: number;
  acyclic: boolean;
  critical_path_s: number | null;
  total_work_s: number | null;
  runtimes: boolean | string;
  makespan_bounds_s?: Record<string, { lower: number; greedy_upper: number }>;
  condensed?: Omit<CatalogueEntry, 'source' | 'file' | 'condensed'>;
}

/** The index at the top of the folder, as far as tests use it. */
export interface TopIndex {
  summary: Record<string, { graphs: number; largest_graph_tasks: number }>;
  graphs_of_100_tasks_or_more: Pick<CatalogueEntry, 'source' | 'file' | 'tasks' | 'edges'>[];
}

type IndexedFile = Partial<CatalogueEntry> & { file: string };

/** Where the real data is, next to the repository, or undefined in a checkout that came without it. */
export function realDataFolder(): string | undefined {
  const folder = fileURLToPath(new URL('../../../../shared/data', import.meta.url));
  return existsSync(join(folder, 'index.json')) ? folder : undefined;
}

/** The index at the top of the data folder. */
export function topIndex(): TopIndex {
  return readJson<TopIndex>(requireFolder(), 'index.json');
}

/** Every file that an index counts as a graph, source by source, whether the file is in the folder or not. */
export function realGraphEntries(): CatalogueEntry[] {
  return Object.keys(topIndex().summary).flatMap(entriesOf);
}

/** The one entry of an index. */
export function findEntry(source: string, file: string): CatalogueEntry {
  const entry = entriesOf(source).find((each) => each.file === file);
  if (!entry) throw new Error(`The index of ${source} lists no graph ${file}`);
  return entry;
}

/** True where the graph's file came with the data: an index may list more files than the folder holds. */
export function isPresent({ source, file }: Pick<CatalogueEntry, 'source' | 'file'>): boolean {
  return existsSync(join(requireFolder(), source, file));
}

/** The text of a file of a source. */
export function readSource(source: string, file: string): string {
  return readFileSync(join(requireFolder(), source, file), 'utf8');
}

/** Milliseconds per unit of runtime: costs without a unit count as milliseconds (the measured ones are). */
export function msPerUnit({ runtimes }: CatalogueEntry): number {
  return typeof runtimes === 'string' ? 1 : 1000;
}

function entriesOf(source: string): CatalogueEntry[] {
  const { files } = readJson<{ files: IndexedFile[] }>(requireFolder(), source, 'index.json');
  return files.map((file) => ({ ...file, source })).filter(isGraph);
}

function isGraph(file: IndexedFile): file is CatalogueEntry {
  return file.edges !== undefined;
}

function requireFolder(): string {
  const folder = realDataFolder();
  if (folder === undefined) throw new Error('The real data is not next to this checkout');
  return folder;
}

function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T;
}
