/** What the metadata of a node say of the catalogue task that it was made of: the client writes it, the worker records it. */
import { isObject } from './json.js';

const KEY = 'catalogueTask';

export interface CatalogueMark {
  id: string;
  version: number;
}

export const catalogueMark = ({ id, version }: CatalogueMark): Record<string, unknown> => ({
  [KEY]: { id, version },
});

/** The mark, where there is one, and the other metadata. What only looks like a mark stays where it is. */
export function splitMark<T extends object>(metadata: T): { mark?: CatalogueMark; rest: T } {
  const { [KEY]: said, ...rest } = metadata as Record<string, unknown>;
  if (!isObject(said)) return { rest: metadata };
  const { id, version } = said;
  if (typeof id !== 'string' || !Number.isInteger(version)) return { rest: metadata };
  return { mark: { id, version: version as number }, rest: rest as T };
}
