/** Has workers look up what a graph's programs need, each program by a worker of the queue that it would run on. */
import type { Client } from '@temporalio/client';
import { messageOf, TaskError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { preview } from '../domain/json.js';
import type { PlanFacts } from '../domain/plan-facts.js';
import type { ProgramKind } from '../domain/program.js';
import {
  MOST_CHARACTERS,
  MOST_PROGRAMS,
  programsOf,
  toldOf,
  withinLimits,
  type AskedProgram,
  type ProgramAnswer,
  type ProgramFinding,
  type ProgramLook,
} from '../domain/program-looks.js';
import type { ValidGraph } from '../domain/validate.js';
import { runnerQueue } from '../workflows/queues.js';
import { countPollers } from './pollers.js';
import type { References } from './references.js';

const TOO_MUCH = `one check looks up at most ${MOST_PROGRAMS} different programs, and asks at most ${MOST_CHARACTERS / 1_000} kB of workers`;

interface Parts {
  client: Client;
  settings: { taskQueue: string };
  references: References;
}

/**
 * Never throws for what could not be asked: that is `unchecked`.
 *
 * @param facts what a worker said of the graph's tasks
 */
export async function lookUpPrograms(
  parts: Parts,
  valid: ValidGraph,
  facts: PlanFacts,
): Promise<{ faults: Fault[]; looks: ProgramLook[] }> {
  const { programs, faults } = programsOf(valid, facts);
  const { asked, left } = withinLimits(programs);
  const byQueue = new Map<string, AskedProgram[]>();
  for (const one of asked) {
    const queue = queueOf(parts, one);
    byQueue.set(queue, [...(byQueue.get(queue) ?? []), one]);
  }
  const answers = new Map<AskedProgram, ProgramAnswer>();
  await Promise.all(
    [...byQueue].map(async ([queue, some]) => {
      const found = await askedOf(parts, queue, some);
      for (const [index, one] of some.entries())
        answers.set(one, found[index] ?? unknown(one, 'its worker said nothing of it'));
    }),
  );
  for (const one of left) answers.set(one, unknown(one, TOO_MUCH));
  const told = toldOf(
    programs,
    programs.map((one) => answers.get(one) ?? { findings: [] }),
  );
  return { faults: [...faults, ...told.faults], looks: told.looks };
}

const queueOf = ({ settings }: Parts, { queue, ask }: AskedProgram): string =>
  queue ?? runnerQueue(settings.taskQueue, ask.runner);

async function askedOf(
  parts: Parts,
  queue: string,
  programs: readonly AskedProgram[],
): Promise<ProgramAnswer[]> {
  const { client, references } = parts;
  try {
    if ((await countPollers(client, queue, 'activities')) === 0)
      return await nobody(parts, queue, programs);
    const asks = programs.map(({ ask }) => ask);
    const { worker, findings } = await references.ask({ kind: 'programs', queue, asks });
    return findings.map((found) => ({ worker, findings: found }));
  } catch (error) {
    const isSilent = error instanceof TaskError && error.code === 'NO_WORKER';
    const why = isSilent
      ? `no worker of the queue ${queue} answered; all of its places may be taken`
      : `the queue ${queue}: ${messageOf(error)}`;
    return programs.map((program) => unknown(program, why));
  }
}

/** Nobody polls the queue: a run would wait for a worker. Of a runner's own queue some worker may tell why. */
async function nobody(
  { references }: Parts,
  queue: string,
  programs: readonly AskedProgram[],
): Promise<ProgramAnswer[]> {
  const told = await references.ask({ kind: 'worker' }).catch(() => undefined);
  return programs.map(({ ask, queue: own }) => {
    const lack = told?.lacks[ask.runner];
    const isLack = own === null && lack !== undefined;
    const finding: ProgramFinding = {
      at: own === null ? [ask.program.kind] : ['queue'],
      state: 'refused',
      message: isLack
        ? `no worker runs ${MODES[ask.runner]}: ${lack}`
        : `no worker polls the queue ${preview(queue)}`,
      hint: isLack ? 'start a worker where that is there' : 'start a worker for it',
    };
    return { findings: [finding] };
  });
}

const MODES: Readonly<Record<ProgramKind, string>> = {
  process: 'programs in sandboxes',
  container: 'programs in containers',
  faas: 'programs as functions',
};

const unknown = ({ ask }: AskedProgram, message: string): ProgramAnswer => ({
  findings: [{ at: [ask.program.kind], state: 'unknown', message }],
});
