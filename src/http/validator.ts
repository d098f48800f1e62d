/** Reads what comes in with the schemas of its route; what is wrong with it becomes one problem with all its faults. */
import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { formatPath, preview } from '../domain/json.js';
import { didYouMean } from '../domain/suggest.js';
import type { Fault } from '../domain/fault.js';
import { HttpProblem } from './problem.js';

const PLACES: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

export const validatorFor: FastifySchemaCompiler<unknown> = ({ schema, httpPart = 'body' }) => {
  if (!(schema instanceof z.ZodType)) return () => true;
  return (data: unknown) => {
    const read = schema.safeParse(data);
    if (read.success) return { value: read.data };
    const faults = read.error.issues.flatMap((issue) => faultsOf(issue, schema));
    const place = PLACES[httpPart] ?? httpPart;
    const detail = faults
      .map(({ path, message, hint }) => {
        const where = path === '' ? place : `${place}.${path}`;
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

function faultsOf(issue: z.core.$ZodIssue, schema: z.ZodType): Fault[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  const code = issue.code === 'invalid_type' ? 'INVALID_TYPE' : 'INVALID_VALUE';
  if (issue.code !== 'unrecognized_keys')
    return [{ path: formatPath(path), code, message: issue.message }];
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return issue.keys.map((key) => {
    const hint = didYouMean(key, known);
    return {
      path: formatPath(path),
      code: 'UNKNOWN_FIELD',
      message: `unknown field ${preview(key)}`,
      ...(hint === undefined ? {} : { hint }),
    };
  });
}
