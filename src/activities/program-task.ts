/** A node's program as the pipeline takes it: a task without a handler, and what its runner is given. */
import { z } from 'zod';
import { TaskError } from '../domain/errors.js';
import { formatBytes } from '../domain/bytes.js';
import { grantsOf, type Grants } from '../domain/grants.js';
import type { Isolation } from '../domain/choose-runner.js';
import { compileSchema } from '../domain/json-schema.js';
import { setOwn, type Json, type JsonObject } from '../domain/json.js';
import type { NodeBody, RunClass } from '../domain/plan.js';
import { lateText, type LateName } from '../domain/late-values.js';
import { overLimits, type Limits, type Program } from '../domain/program.js';
import { filledProgram, hasExpressions } from '../domain/program-expressions.js';
import type { RegisteredTask } from '../registry.js';
import type { Enforced, ProgramFiles, ProgramRun, RunMetrics } from '../runners/runner.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Deps } from './deps.js';
import type { Facts } from './facts.js';
import { programFiles } from './input-artifacts.js';
import type { Late } from './late-sources.js';
import { bounded, loadBody, type Sources } from './resolve.js';
import { hashJson } from './values.js';

/** Metrics of a node that ran a program, by the names that handlers in processes have them under. */
const METRIC = {
  peakMemoryBytes: 'process.peakMemoryBytes',
  cpuMs: 'process.cpuMs',
  prepareMs: 'process.prepareMs',
} as const;

/** The node's program, or the one that undoes it. @throws TaskError ENGINE where the node's body has none */
export async function programTask(
  sources: Sources,
  { node, body: from, run, after }: NodeRequest,
): Promise<RegisteredTask> {
  const body = await loadBody(sources, from);
  const said: Pick<NodeBody, 'program' | 'inputSchema' | 'outputSchema'> = after
    ? (body.undoProgram ?? {})
    : body;
  const { program, inputSchema, outputSchema } = said;
  if (!program) throw new TaskError('ENGINE', `node ${node.id} has no program`);
  return {
    definition: {
      name: node.task,
      ...(inputSchema ? { input: schemaOf(inputSchema) } : {}),
      ...(outputSchema ? { output: schemaOf(outputSchema) } : {}),
      run: () => {
        throw new TaskError('ENGINE', 'a program has no handler');
      },
    },
    options: {},
    // Another program is another task: what was kept of it is no result of this one.
    version: hashJson({ program, inputSchema, outputSchema }),
    isolation: run?.runner ?? program.kind,
    module: undefined,
    program,
  };
}

/** A JSON Schema where a definition has zod. Compiled once, with its own limits of time. */
export function schemaOf(schema: JsonObject): z.ZodType {
  const check = compileSchema(schema);
  return z.unknown().superRefine((value, context) => {
    for (const message of check(value as Json)) context.addIssue({ code: 'custom', message });
  });
}

/** What a program is granted, with the references that the worker looks up for it. */
export interface ProgramGrants extends Grants {
  program: Program;
  names: LateName[];
}

/** @throws TaskError CONFIGURATION where something is asked that no permission grants */
export function programGrants(
  { program }: Pick<RegisteredTask, 'program'>,
  { run }: { run?: Pick<RunClass, 'level' | 'permissions'> | undefined },
): ProgramGrants | undefined {
  if (!program) return undefined;
  const grants = grantsOf(program, run?.level ?? 'LOW', run?.permissions ?? []);
  if ('refused' in grants) throw new TaskError('CONFIGURATION', grants.refused);
  const names: LateName[] = [
    ...grants.secrets.map((name) => ({ kind: 'secrets' as const, name })),
    ...grants.env.map((name) => ({ kind: 'env' as const, name })),
  ];
  return { ...grants, program, names };
}

/**
 * A secret or a variable that the input names is a way to be given one, too.
 *
 * @throws TaskError CONFIGURATION from level MEDIUM up, for one that no permission grants
 */
export function assertGranted(
  names: readonly LateName[],
  { secrets, env }: Grants,
  { run }: { run?: Pick<RunClass, 'level'> | undefined },
): void {
  const { level = 'LOW' } = run ?? {};
  if (level === 'LOW') return;
  const wrong = names.find(({ kind, name }) => !(kind === 'env' ? env : secrets).includes(name));
  if (!wrong) return;
  const permission = `${wrong.kind === 'env' ? 'env' : 'secret'}:${wrong.name}`;
  throw new TaskError(
    'CONFIGURATION',
    `security.level ${level}: the input names ${lateText(wrong)}, which no permission grants; add ${JSON.stringify(permission)} to security.permissions`,
  );
}

/** @throws TaskError CONFIGURATION for more than this worker gives to a program */
export function assertGiven(
  limits: Limits,
  { maxResources }: Pick<Deps['settings'], 'maxResources'>,
): void {
  const over = overLimits(limits, maxResources);
  if (over !== undefined) throw new TaskError('CONFIGURATION', over);
}

/** What the runner is given. @throws TaskError CONFIGURATION for more than this worker gives to a program */
export function programRun(
  { settings, blobs }: Pick<Deps, 'settings' | 'blobs'>,
  { run }: NodeRequest,
  { program, network, names }: ProgramGrants,
  input: Json,
  valueOf: Late['valueOf'],
): ProgramRun {
  if (!run?.limits) throw new TaskError('ENGINE', 'a program has limits');
  assertGiven(run.limits, settings);
  const env: Record<string, string> = {};
  for (const one of names) setOwn(env, one.name, valueOf(one));
  return {
    ...{ program, input, network },
    ...(hasExpressions(program) ? { fill: filling(program) } : {}),
    // A function is elsewhere: no file is brought to it, and what its input says of one is for it to understand.
    ...(program.kind === 'faas' ? {} : filesWithin(run.limits, programFiles(blobs, input))),
    limits: run.limits,
    level: run.level ?? 'LOW',
    env,
    maxOutputBytes: settings.maxOutputBytes,
    maxArtifactBytes: settings.maxArtifactBytes,
  };
}

const filling =
  (program: Program) =>
  (input: Json): Program =>
    bounded('program', true, () => filledProgram(program, input));

/** @throws TaskError RESOURCE_EXHAUSTED where they would not fit on the program's disk */
function filesWithin({ diskBytes }: Limits, files: ProgramFiles): Pick<ProgramRun, 'files'> {
  if (files.list.length === 0) return {};
  const bytes = files.list.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes <= diskBytes) return { files };
  throw new TaskError(
    'RESOURCE_EXHAUSTED',
    `the artifacts that its input names have ${formatBytes(bytes)}, and resources.disk is ${formatBytes(diskBytes)}; ask for more`,
    { retriable: false },
  );
}

/** Keeps where it ran, what held it there, and what it took. */
export function noteRun(
  facts: Facts,
  runner: Isolation,
  { environmentId, startTime, endTime, durationMs, ...took }: RunMetrics,
  enforced: Enforced,
): void {
  facts.environment = { id: environmentId, runner, startTime, endTime, durationMs, enforced };
  for (const [name, metric] of Object.entries(METRIC)) {
    const value = took[name as keyof typeof METRIC];
    if (value !== undefined) setOwn(facts.collected.metrics, metric, value);
  }
}
