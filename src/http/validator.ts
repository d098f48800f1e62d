/** Reads what comes in with the schemas of its route; what is wrong with it becomes one problem with all its faults. */
import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { formatPath, type Path } from '../domain/json.js';
import { faultsOfIssues } from '../domain/spec-faults.js';
import { HttpProblem } from './problem.js';

const PLACES: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

/** How the whole of it is written as a place. */
const ROOT = formatPath([]);

export const validatorFor: FastifySchemaCompiler<unknown> = ({ schema, httpPart = 'body' }) => {
  if (!(schema instanceof z.ZodType)) return () => true;
  return (data: unknown) => {
    const read = schema.safeParse(data);
    if (read.success) return { value: read.data };
    const faults = faultsOfIssues(read.error, data, (path) => keysOf(schema, path));
    const place = PLACES[httpPart] ?? httpPart;
    const detail = faults
      .map(({ path, message, hint }) => {
        const where = path === ROOT ? place : `${place}.${path}`;
        return `${where}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
      })
      .join('; ');
    const error = new HttpProblem(
      httpPart === 'body' ? 422 : 400,
      httpPart === 'body' ? 'INPUT_INVALID' : 'BAD_REQUEST',
      detail.slice(0, 4_000),
      faults,
    );
    return { error };
  };
};

/** Of what lies inside no names are offered: it has a schema of its own. */
const keysOf = (schema: z.ZodType, path: Path): readonly string[] =>
  path.length === 0 && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
