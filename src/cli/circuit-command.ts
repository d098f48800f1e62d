/** `tempograph circuit …`: the circuit breakers that workers share. */
import type { CircuitPlace, CircuitRecord } from '../client.js';
import {
  option,
  type CommandDefinition,
  type CommandGroup,
  type CommonOptions,
} from './command.js';
import { EXIT, type ExitCode } from './exit.js';
import { utcTime } from './utc-time.js';
import type { Output } from './output.js';
import { printFacts, printTable } from './print-table.js';
import { withSession } from './session.js';

interface CircuitOptions extends CommonOptions {
  project?: string;
}

const NAME = [['<name>', "the circuit's name"]] as const;
const PROJECT = option('--project <name>', "a project's circuit (default: one without a project)");

const placeOf = ({ project }: CircuitOptions): CircuitPlace =>
  project === undefined ? {} : { project };

const list: CommandDefinition<CircuitOptions & { mode?: CircuitRecord['mode'] }> = {
  name: 'list',
  summary: 'List circuits that have seen a failure or were opened by hand',
  options: [
    option('--project <name>', "only a project's"),
    option('--mode <mode>', 'only those that stand so').choices(['closed', 'open', 'half_open']),
  ],
  examples: [['tempograph circuit list --mode open', 'what is held now']],
  run: async (out, options) =>
    await withSession(options, async ({ engine }) => {
      const { mode } = options;
      const place = placeOf(options);
      const circuits = await engine.circuits.list({ ...place, ...(mode ? { mode } : {}) });
      out.document({ circuits });
      const rows = circuits.map((one) => [
        ...[one.name, one.project ?? '', modeText(one), String(one.failures)],
        one.openUntil === null ? '' : utcTime(one.openUntil),
      ]);
      const titles = ['NAME', 'PROJECT', 'MODE', 'FAILURES', 'OPEN UNTIL'];
      printTable(out, titles, rows, 'no circuit has seen a failure');
      return EXIT.done;
    }),
};

/** Commands that answer with a circuit. */
const verb = (
  name: 'get' | 'open' | 'close',
  definition: Omit<CommandDefinition<CircuitOptions>, 'run' | 'parameters' | 'options'>,
): CommandDefinition<CircuitOptions> => ({
  ...{ ...definition, parameters: NAME, options: [PROJECT] },
  run: async (out, options, [circuit = '']) =>
    await withSession(options, async ({ engine }) =>
      tell(out, await engine.circuits[name](circuit, placeOf(options))),
    ),
});

const show = verb('get', {
  name: 'show',
  summary: 'Show how a circuit stands',
  examples: [['tempograph circuit show bank --project shop', '']],
});

const open = verb('open', {
  name: 'open',
  summary: 'Open a circuit by hand: its nodes are held until it is closed',
  description: 'What runs goes on.',
  examples: [['tempograph circuit open bank', 'nothing new goes there']],
});

const close = verb('close', {
  name: 'close',
  summary: 'Close a circuit and forget its failures',
  description: 'Nodes that it held go on when they next look, after up to five minutes.',
  examples: [['tempograph circuit close bank', 'it works again']],
});

export const circuit: CommandGroup = {
  name: 'circuit',
  summary: 'Look at circuit breakers, open and close them',
  commands: [list, show, open, close],
  examples: [
    ['tempograph circuit list', 'all that have seen a failure'],
    ['tempograph circuit open bank', 'nothing new goes there'],
  ],
};

const modeText = ({ mode, forced }: CircuitRecord): string => (forced ? `${mode}, by hand` : mode);

function tell(out: Output, one: CircuitRecord): ExitCode {
  out.document({ circuit: one });
  printFacts(out, one.name, [
    ['mode', modeText(one)],
    ['project', one.project],
    ['failures', String(one.failures)],
    ['opened', one.openedAt && utcTime(one.openedAt)],
    ['until', one.openUntil && utcTime(one.openUntil)],
    ['probes', one.probes.join(', ')],
  ]);
  return EXIT.done;
}
