/** What is wrong with what undoes a node's work that its schema cannot say. */
import { UNDO_PROGRAM_FIELDS, UNDO_WORK } from './compensation.js';
import { RESULT_VARIABLES } from './expression.js';
import { fault, type Fault } from './fault.js';
import { isObject, type Json, type Path } from './json.js';
import { PROGRAM_KINDS } from './program.js';
import { faultsOfProgram, schemaFaults } from './program-faults.js';
import { templateProblems } from './template.js';

const ONE_OF = `compensate has one of ${UNDO_WORK.join(', ')}`;
/** Nobody may look at this before the day on which something has to be undone. */
const INPUT_HINT =
  'it reads what the node was given and gave: ${{ input.x }} and ${{ output.x }}; a program is given secrets by its own "secrets"';

/**
 * Whether it names a task that there is, is said where all names of tasks are looked at.
 *
 * @param at where it stands: at a node, in a graph's `defaults`, or in a task's definition
 */
export function undoFaults(compensate: unknown, at: Path): Fault[] {
  if (!isObject(compensate)) return []; // a task's name, none, or what the schema refuses
  const said = UNDO_WORK.filter((kind) => compensate[kind] !== undefined);
  if (said.length === 0)
    return [
      fault([...at, 'task'], 'MISSING', ONE_OF, 'name the task that undoes; or give a program'),
    ];
  const faults: Fault[] = [];
  const [, second] = said;
  if (second)
    faults.push(
      fault(
        [...at, second],
        'INVALID_VALUE',
        `${ONE_OF}, and this one has ${said.join(' and ')}`,
        'keep one of them; two steps are one program, or a task that does both',
      ),
    );
  const isProgram = PROGRAM_KINDS.some((kind) => compensate[kind] !== undefined);
  if (!isProgram) faults.push(...foreignFaults(compensate, at));
  else
    faults.push(
      ...faultsOfProgram(compensate, compensate['security'], at),
      ...schemaFaults(compensate['inputSchema'], [...at, 'inputSchema']),
    );
  const input = (compensate['input'] ?? null) as Json;
  const { problems } = templateProblems(input, [...at, 'input'], RESULT_VARIABLES);
  faults.push(
    ...problems.map(({ path, message }) => fault(path, 'EXPRESSION', message, INPUT_HINT)),
  );
  return faults;
}

function foreignFaults(compensate: Readonly<Record<string, unknown>>, at: Path): Fault[] {
  return UNDO_PROGRAM_FIELDS.filter((field) => compensate[field] !== undefined).map((field) =>
    fault(
      [...at, field],
      'INVALID_VALUE',
      `${JSON.stringify(field)} is for a program, and this compensate names a task`,
      "say it in the task's definition",
    ),
  );
}
