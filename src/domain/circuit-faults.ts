/** Circuits of a spec that are defined twice and differently, as far as the spec itself says so. */
import { CircuitDefinitions, CircuitSchema } from './circuit.js';
import { fault, type Fault } from './fault.js';
import { formatPath, isObject, type Path } from './json.js';

export function circuitFaults(
  spec: Readonly<Record<string, unknown>>,
  tasks: readonly unknown[],
  submission: unknown,
): Fault[] {
  const options = isObject(submission) ? submission['options'] : undefined;
  const definitions = new CircuitDefinitions();
  const faultsOf = (path: Path, layer: unknown): Fault[] => {
    if (!isObject(layer) || layer['circuit'] === undefined) return [];
    const parsed = CircuitSchema.safeParse(layer['circuit']);
    if (!parsed.success) return []; // the schema says so
    const wrong = definitions.add(parsed.data, formatPath(path));
    return wrong === undefined ? [] : [fault([...path, 'circuit'], 'CIRCUIT', wrong, CIRCUIT_HINT)];
  };
  return [
    ...faultsOf(['defaults'], spec['defaults']),
    ...faultsOf(['submission', 'options'], options),
    ...tasks.flatMap((node, index) => faultsOf(['tasks', index], node)),
  ];
}

export const CIRCUIT_HINT = 'define it in one place and name it everywhere else';
