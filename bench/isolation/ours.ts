/** Our sides: a runner by itself, and the whole way through Temporal. */
import type { TaskEngine } from '../../src/index.js';
import { limitsOf, programOf, type Program } from '../../src/domain/program.js';
import type { ProgramRequest } from '../../src/runners/program.js';
import type { Runner, RunRequest } from '../../src/runners/runner.js';
import { request } from '../../test/support/container-request.js';
import { faasRequest } from '../../test/support/faas-request.js';
import type { Answer, Side } from './programs.js';
import type { Subject } from './subjects.js';

export const byRunner =
  (runner: Runner, { program, resources }: Subject): Side =>
  async (bytes) => {
    const said = programOf(program);
    if (!said) throw new Error('the subject has no program');
    const asked = requestOf(said, { bytes }, limitsOf(resources));
    const { output } = await runner.run(asked, { signal: new AbortController().signal });
    return output as Answer;
  };

function requestOf(
  program: Program,
  input: { bytes: number },
  limits: ProgramRequest['program']['limits'],
): RunRequest {
  return program.kind === 'faas'
    ? faasRequest(program.faas, { input })
    : request({ input, limits, program: { program } }).request;
}

/** A graph of one node, from the call to the output. */
export const throughTemporal =
  (engine: TaskEngine, { program, resources }: Subject): Side =>
  async (bytes) => {
    const node = { id: 'program', input: { bytes }, retry: 'NONE' as const, resources, ...program };
    const handle = await engine.scheduleTaskGraph({ name: 'isolation', tasks: [node] });
    const { nodes } = await handle.resultOrThrow();
    return nodes['program']?.output as unknown as Answer;
  };
