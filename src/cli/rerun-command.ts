/** `tempograph rerun`: runs an execution that has ended once more, and keeps what still holds of it. */
import type { RerunForecast, RerunOptions, RerunPlan } from '../client.js';
import { RERUN_SCOPES, type RerunScope } from '../domain/rerun.js';
import { table, type Cell } from './columns.js';
import { collect, option, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT, UsageError, type ExitCode } from './exit.js';
import { GraphView } from './graph-view.js';
import { interruptSignal } from './interrupts.js';
import { leave } from './leave.js';
import { inOptionNames } from './option-names.js';
import type { Output } from './output.js';
import { readPipeline, refused } from './pipeline-source.js';
import { exitOf, printResult, resultDocument } from './result-text.js';
import { withSession, type Session } from './session.js';
import { specOf } from './spec-of.js';
import { PARAM_OPTIONS, readParams, type ParamOptions } from './values.js';
import { viewerFor } from './views.js';
import { watchToEnd } from './watch-to-end.js';

/** What the engine calls them. */
const OPTION_NAMES = { executionId: '--id', from: '--from', scope: '--scope' } as const;

interface RerunCommandOptions extends CommonOptions, ParamOptions {
  from?: string[];
  scope?: RerunScope;
  graph?: string;
  id?: string;
  by?: string;
  reason?: string;
  dryRun?: boolean;
  detach?: boolean;
}

export const rerun: CommandDefinition<RerunCommandOptions> = {
  name: 'rerun',
  summary: 'Run an ended execution again, and keep what still holds of it',
  description:
    'A new execution, linked to the old one: what did not complete runs, and so does what was changed, ' +
    'in the graph (--graph) or by the version of its task. What follows runs where its input is another one.\n' +
    'Exit code: 0 completed, 1 failed or cancelled, 2 refused, 3 Temporal not reached, 130 interrupted.',
  parameters: [['<id>', "the execution's id"]],
  options: [
    option(
      '--from <node>',
      '"failed": only what did not complete; or a node to run from; may be repeated',
      collect,
    ),
    option(
      '--scope <scope>',
      'descendants: what follows runs in any case (default: changed)',
    ).choices(RERUN_SCOPES),
    option('--graph <file>', 'the pipeline as it is now (default: as it was)'),
    ...PARAM_OPTIONS,
    option('--id <id>', "the new execution's id (default: the name and a random part)"),
    option('--by <name>', 'who asks'),
    option('--reason <text>', 'why'),
    option('--dry-run', 'only show what would run, what may, and what is kept'),
    option('-d, --detach', 'submit only, print the id, and say if the workers refuse it'),
  ],
  examples: [
    ['tempograph rerun nightly-3f2a --from failed', 'what did not complete'],
    [
      'tempograph rerun nightly-3f2a --from load --scope descendants',
      'a node and all that follows it',
    ],
    ["tempograph rerun nightly-3f2a --from 'resize[17]'", 'one item of a map'],
    [
      'tempograph rerun nightly-3f2a --graph nightly.yaml --dry-run',
      'what an edit would run again',
    ],
  ],
  run: async (out, options, [id = '']) =>
    await withSession(options, async (session) => {
      if (options.dryRun && options.detach)
        throw new UsageError(
          '--dry-run starts nothing that --detach could leave alone; use one of the two',
        );
      const asked = await rerunOptions(out, session, id, options);
      if (options.dryRun) {
        const plan = await inOptionNames(
          OPTION_NAMES,
          session.engine.rerun(id, { ...asked, dryRun: true }),
        );
        out.document(plan);
        printPlan(out, plan);
        return EXIT.done;
      }
      return await submitAndWatch(out, session, id, asked, options.detach ?? false);
    }),
};

async function rerunOptions(
  out: Output,
  session: Session,
  id: string,
  options: RerunCommandOptions,
): Promise<RerunOptions> {
  const { from, scope, graph: file, id: executionId, by, reason } = options;
  if (file === '-' && options.params === '-')
    throw new UsageError('only one of --graph and --params can be standard input');
  const source = file === undefined ? undefined : await readPipeline(file, out);
  if (source && source.faults.length > 0) throw refused(source.name, source.faults);
  const given = options.param !== undefined || options.params !== undefined;
  const specs = source?.params ?? (given ? (await specOf(session, id))?.params : undefined) ?? {};
  return {
    ...(from === undefined ? {} : { from: fromOf(from) }),
    ...(scope === undefined ? {} : { scope }),
    ...(source ? { graph: source.spec } : {}),
    ...(given ? { params: await readParams(options, specs, out) } : {}),
    ...(executionId === undefined ? {} : { executionId }),
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** @throws UsageError */
function fromOf(from: readonly string[]): NonNullable<RerunOptions['from']> {
  const names = from.flatMap((text) => text.split(',')).map((text) => text.trim());
  if (names.includes(''))
    throw new UsageError(
      `--from: expected "failed" or ids of nodes, got ${JSON.stringify(from.join(','))}`,
    );
  const nodes = names.filter((name) => name !== 'failed');
  return nodes.length > 0 ? nodes : 'failed'; // what did not complete runs beside any node
}

async function submitAndWatch(
  out: Output,
  session: Session,
  id: string,
  asked: RerunOptions,
  detach: boolean,
): Promise<ExitCode> {
  const handle = await inOptionNames(OPTION_NAMES, session.engine.rerun(id, asked));
  if (detach) return await leave(out, session, handle, { more: { rerunOf: id } });
  const { executionId } = handle;
  out.progress(`${out.style.bold(executionId)} submitted, a rerun of ${id}`);
  const { signal, stop } = interruptSignal();
  try {
    const spec = await specOf(session, executionId);
    const view = new GraphView(executionId, spec?.name ?? executionId, spec, Date.now());
    return await watchToEnd(out, session, handle, {
      ...{ view, viewer: viewerFor(out, view), interrupted: signal },
      finish: (result): ExitCode => {
        printResult(out, result);
        out.document(resultDocument(result));
        return exitOf(result);
      },
    });
  } finally {
    stop();
  }
}

/** Nodes that are listed one by one; `--json` gives all. */
const LISTED = 30;

function printPlan(out: Output, { run, mayRun, keep, removed }: RerunPlan): void {
  const { style } = out;
  const groups: [string, readonly RerunForecast[], (text: string) => string][] = [
    ['runs', run, style.bold],
    ['may run', mayRun, style.yellow],
    ['keeps', keep, style.dim],
  ];
  const rows = groups.flatMap(([word, nodes, paint]) => {
    const listed = nodes
      .slice(0, LISTED)
      .map(({ nodeId, text }): Cell[] => [
        { text: `  ${word}`, paint },
        { text: nodeId },
        { text, paint: style.dim },
      ]);
    const rest = nodes.length - LISTED;
    return rest > 0
      ? [...listed, [{ text: `  ${word}`, paint }, { text: `… ${rest} more` }]]
      : listed;
  });
  for (const line of table(rows)) out.print(line);
  for (const id of removed) out.print(`  ${style.dim('gone')}     ${id}`);
  const most = run.length + mayRun.length;
  out.print(
    `${run.length} ${run.length === 1 ? 'runs' : 'run'} for certain, ${most} at most, ${keep.length} kept`,
  );
}
