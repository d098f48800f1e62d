/** Params of operations that cannot be sent as they are. */
import { formatPath, type Path } from '../domain/json.js';

const SHOWN = 5;

/**
 * A value as it is, when a structured clone keeps it; else what its JSON keeps, with the places that it does not.
 * A value that has no JSON either is given back, for validation to refuse.
 */
export function cloneable(value: unknown): { value: unknown; lost: string[] } {
  if (survives(value)) return { value, lost: [] };
  const lost: string[] = [];
  findLost(value, ['params'], lost, new Set());
  try {
    return { value: JSON.parse(JSON.stringify(value)) as unknown, lost };
  } catch {
    return { value, lost };
  }
}

function survives(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function findLost(value: unknown, path: Path, lost: string[], above: Set<unknown>): void {
  if (lost.length >= SHOWN || above.has(value) || survives(value)) return;
  const inside = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (inside.length === 0) lost.push(formatPath(path));
  above.add(value);
  for (const [key, inner] of inside)
    findLost(inner, [...path, Array.isArray(value) ? Number(key) : key], lost, above);
  above.delete(value);
}
