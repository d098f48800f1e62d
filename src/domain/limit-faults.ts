/** What is wrong with the limits of a spec, as far as that can be said before its parameters are known. */
import { fault, type Fault } from './fault.js';
import { isObject, type Path } from './json.js';
import { keyProblem, LimitSchema, tooHeavy } from './limit.js';

export function limitFaults(
  spec: Readonly<Record<string, unknown>>,
  tasks: readonly unknown[],
  submission: unknown,
): Fault[] {
  const params = isObject(spec['params']) ? Object.keys(spec['params']) : [];
  const options = isObject(submission) ? submission['options'] : undefined;
  const places: [Path, unknown][] = [
    [['defaults', 'limit'], limitOf(spec['defaults'])],
    [['submission', 'options', 'limit'], limitOf(options)],
  ];
  tasks.forEach((node, index) => {
    const limit = limitOf(node);
    if (limit !== undefined) places.push([['tasks', index, 'limit'], limit]);
  });
  return places.flatMap(([path, value]) =>
    value === undefined ? [] : problem(path, value, params),
  );
}

const limitOf = (value: unknown): unknown => (isObject(value) ? value['limit'] : undefined);

function problem(path: Path, value: unknown, params: readonly string[]): Fault[] {
  const parsed = LimitSchema.safeParse(value);
  if (!parsed.success) return []; // the schema says so
  const limit = typeof parsed.data === 'string' ? { key: parsed.data, weight: 1 } : parsed.data;
  const where = typeof parsed.data === 'string' ? path : [...path, 'key'];
  const wrong = keyProblem(limit.key, params);
  if (wrong !== undefined) return [fault(where, 'LIMIT', wrong)];
  const { key, weight, max = Infinity } = limit as { key: string; weight: number; max?: number };
  return weight > max ? [fault(path, 'LIMIT', tooHeavy(key, weight, max).message)] : [];
}
