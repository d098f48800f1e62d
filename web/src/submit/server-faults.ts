/** What the server refused, at the fields that it is about. Pure. */
import { Problem } from '../api.js';
import type { Specs } from './params.js';

type Said = Problem | string | undefined;

export interface FieldFaults {
  /** By the parameter's name. */
  fields: ReadonlyMap<string, string>;
  /** What is about none of the fields. */
  rest: Said;
}

const nameIn = (path: string): string | undefined => /^params\.([^.[\]]+)/.exec(path)?.[1];

export function fieldFaults(problem: Said, specs: Specs): FieldFaults {
  const fields = new Map<string, string>();
  if (!(problem instanceof Problem) || problem.faults.length === 0)
    return { fields, rest: problem };
  const others = problem.faults.filter(({ path, message, hint }) => {
    const name = nameIn(path);
    if (name === undefined || !Object.hasOwn(specs, name)) return true;
    const text = hint === undefined ? message : `${message} (${hint})`;
    fields.set(name, fields.has(name) ? `${fields.get(name)}; ${text}` : text);
    return false;
  });
  return { fields, rest: others.length > 0 ? withFaults(problem, others) : undefined };
}

/** What was said of a field is over once something else is typed there. */
export function withoutField(problem: Said, name: string | undefined): Said {
  if (!(problem instanceof Problem) || name === undefined) return problem;
  const left = problem.faults.filter(({ path }) => nameIn(path) !== name);
  if (left.length === problem.faults.length) return problem;
  return left.length > 0 ? withFaults(problem, left) : undefined;
}

const withFaults = ({ status, code, message }: Problem, faults: Problem['faults']): Problem =>
  new Problem(status, code, message, faults);
