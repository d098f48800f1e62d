/** What is wrong with a program that its schema cannot say: schemas that are none, options of other kinds, a runner that cannot take it. */
import { fault, type Fault } from './fault.js';
import { NO_LIST } from './container-network.js';
import { NO_PATHS, pathAsked } from './grants.js';
import { isObject, preview, type Path } from './json.js';
import { compileSchema, SchemaFault } from './json-schema.js';
import type { LooseNode } from './loose-node.js';
import { PROGRAM_KINDS, type ProgramKind } from './program.js';
import { mayHoldExpressions, textFaults } from './program-expressions.js';

const SCHEMAS = ['inputSchema', 'outputSchema'] as const;

export function programFaults({ index, work, raw = {} }: LooseNode): Fault[] {
  const isProgram = PROGRAM_KINDS.some((kind) => work[kind] !== undefined);
  const faults: Fault[] = [];
  for (const name of SCHEMAS) {
    if (!Object.hasOwn(raw, name)) continue;
    const path = ['tasks', index, name];
    if (!isProgram)
      faults.push(
        fault(
          path,
          'INVALID_VALUE',
          `${name} is for ${PROGRAM_KINDS.join(', ')}`,
          'a task has schemas of its own',
        ),
      );
    else faults.push(...schemaFaults(raw[name], path));
  }
  faults.push(...faultsOfProgram(work, raw['security'], ['tasks', index]));
  return faults;
}

/** Programs as they are said at one place, by their kinds: of a sound one there is one. */
type Said = Readonly<Partial<Record<ProgramKind, unknown>>>;

/**
 * What is wrong with a program by itself.
 *
 * @param security what is said of it beside it
 * @param at where both stand
 */
export function faultsOfProgram(said: Said, security: unknown, at: Path): Fault[] {
  const isProgram = PROGRAM_KINDS.some((kind) => said[kind] !== undefined);
  const faults = [...expressionFaults(said, at), ...networkFaults(said.container, at)];
  if (isProgram) faults.push(...permissionFaults(security, at));
  const file = isObject(said.process) ? said.process['file'] : undefined;
  if (typeof file === 'string')
    faults.push(
      fault(
        [...at, 'process', 'file'],
        'INVALID_VALUE',
        `the file ${JSON.stringify(file)} was not read: a file is read where the pipeline's own file is`,
        'submit the pipeline from its file, or give the program as code',
      ),
    );
  return faults;
}

/** What no worker grants is known before one is asked. */
function permissionFaults(security: unknown, place: Path): Fault[] {
  const said = isObject(security) ? security['permissions'] : undefined;
  const texts = Array.isArray(said) ? said.filter((one) => typeof one === 'string') : [];
  const path = pathAsked(texts);
  if (path === undefined) return [];
  const at = [...place, 'security', 'permissions', texts.indexOf(path)];
  return [fault(at, 'INVALID_VALUE', NO_PATHS(path))];
}

/** No proxy of ours stands beside a container, so a list of hosts could not be held. */
function networkFaults(container: unknown, place: Path): Fault[] {
  const network = isObject(container) ? container['network'] : undefined;
  if (!Array.isArray(network) || network.length === 0) return [];
  const at = [...place, 'container', 'network'];
  return [fault(at, 'INVALID_VALUE', NO_LIST(preview(network)), 'see docs/isolation.md')];
}

/** Texts that are the program's own, whatever they look like. */
const OWN: ReadonlySet<string> = new Set(['code', 'files']);

/** A program is the same for every run, but for what it is started with: elsewhere an expression would be taken as it is written. */
function expressionFaults(said: Said, at: Path): Fault[] {
  return PROGRAM_KINDS.flatMap((kind) => {
    const program = said[kind];
    if (!isObject(program)) return [];
    const allowed = (field: string): boolean => kind !== 'faas' && mayHoldExpressions(field);
    const faults = Object.entries(program).flatMap(([field, value]) =>
      !OWN.has(field) && !allowed(field) && JSON.stringify(value ?? null).includes('${{')
        ? [
            fault(
              [...at, kind, field],
              'EXPRESSION',
              'holds ${{ … }}, and only command, args, entrypoint and env of a process or a container may',
              'put it into the input, which the program reads; secrets go by "secrets"',
            ),
          ]
        : [],
    );
    return kind === 'faas' ? faults : [...faults, ...textFaults(program, [...at, kind])];
  });
}

/** What is wrong with a JSON Schema that stands at a place of a spec. */
export function schemaFaults(schema: unknown, path: (string | number)[]): Fault[] {
  if (!isObject(schema)) return []; // the node's own schema says so
  try {
    compileSchema(schema);
    return [];
  } catch (error) {
    const { path: at, hint } = error instanceof SchemaFault ? error : { path: [], hint: undefined };
    const message = `no usable JSON Schema: ${(error as Error).message}`;
    return [fault([...path, ...at], 'INVALID_VALUE', message, hint)];
  }
}
