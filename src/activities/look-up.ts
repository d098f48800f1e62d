/** What this worker finds of programs before they run: whether it would run them, and whether what they need is there. */
import pMap from 'p-map';
import { lateText, type LateName } from '../domain/late-values.js';
import type { Path } from '../domain/json.js';
import { programSecrets, type Program, type ProgramKind } from '../domain/program.js';
import type { ProgramAsk, ProgramFinding } from '../domain/program-looks.js';
import { failed, finding, LookUps, NotKnown } from '../runners/look-ups.js';
import type { LookUpAnswer, LookUpRequest } from '../workflows/asks.js';
import type { Deps } from './deps.js';
import { assertGiven, assertGranted, programGrants } from './program-task.js';

/** Programs that are looked up at once. */
const AT_ONCE = 8;

type LookDeps = Pick<Deps, 'runners' | 'settings' | 'late' | 'state'>;

/** @param looks of this question. Default: as {@link LookUps} has it */
export async function lookUp(
  deps: LookDeps,
  { asks, settings }: Omit<LookUpRequest, 'kind' | 'queue'>,
  looks: LookUps = new LookUps(),
): Promise<LookUpAnswer> {
  const findings = await pMap(asks, (ask) => findingsOf(deps, ask, looks), {
    concurrency: AT_ONCE,
  });
  const ofSettings = settings && (await settingsOf(deps, settings, looks));
  return {
    worker: deps.state.identity,
    findings,
    ...(ofSettings ? { settings: ofSettings } : {}),
  };
}

async function settingsOf(
  { runners }: LookDeps,
  kind: ProgramKind,
  looks: LookUps,
): Promise<ProgramFinding[]> {
  try {
    return (await runners.program(kind).lookUpSettings?.(looks)) ?? [];
  } catch (error) {
    return [failed(['programs'], error)];
  }
}

async function findingsOf(
  deps: LookDeps,
  ask: ProgramAsk,
  looks: LookUps,
): Promise<ProgramFinding[]> {
  try {
    const all = await Promise.all([
      ...namedBy(deps, ask, looks),
      deps.runners.program(ask.runner).lookUp(ask, looks),
      finding(['resources'], () => {
        assertGiven(ask.limits, deps.settings);
        return '';
      }),
    ]);
    // That it may have what it asks for is nothing to tell of.
    return all.flat().filter(({ message }) => message !== '');
  } catch (error) {
    return [failed([ask.program.kind], error)];
  }
}

/** Secrets and variables of the worker: those that the program asks for, and those that its input names. */
function namedBy(
  deps: LookDeps,
  { program, level, permissions, late }: ProgramAsk,
  looks: LookUps,
): Promise<ProgramFinding>[] {
  const run = { level, permissions };
  const grants = programGrants({ program }, { run });
  if (!grants) return [];
  const look = (one: LateName, at: Path): Promise<ProgramFinding> =>
    finding(at, async () => {
      const isKnown = await looks.once(lateText(one), () => deps.late.knows(one));
      if (isKnown) return lateText(one);
      throw new NotKnown(
        `${lateText(one)}: the worker asks the function of its setting "secrets" when the task runs`,
      );
    });
  return [
    ...grants.names.map((one) => look(one, placeOf(one, program))),
    ...late.map((one) => look(one, ['input'])),
    finding(['input'], () => {
      assertGranted(late, grants, { run });
      return '';
    }),
  ];
}

/** The field that asks for a secret or a variable: the program's own, else a permission. */
function placeOf({ kind, name }: LateName, program: Program): Path {
  if (kind === 'env' || !programSecrets(program).includes(name)) return ['security', 'permissions'];
  return [program.kind, program.kind === 'faas' ? 'secretHeaders' : 'secrets'];
}
