/** `tempograph notify …`: the sinks of the settings, and whether one takes a message. */
import { randomUUID } from 'node:crypto';
import { resolveSettings, type ResolvedSettings } from '../config.js';
import { messageOf } from '../domain/errors.js';
import { EVENT_NAMES, type EventName } from '../domain/event.js';
import type { Sink } from '../domain/sink.js';
import { didYouMean } from '../domain/suggest.js';
import { table, type Cell } from './columns.js';
import {
  option,
  type CommandDefinition,
  type CommandGroup,
  type CommonOptions,
} from './command.js';
import { EXIT, UsageError, type ExitCode } from './exit.js';
import type { Output } from './output.js';

interface TestOptions extends CommonOptions {
  sink?: string;
  event?: EventName;
  print?: boolean;
}

/** What people ask a sink for first. */
const EVENT: EventName = 'failed';

const list: CommandDefinition = {
  name: 'list',
  summary: 'List the sinks of the settings',
  description: 'Those of TEMPOGRAPH_SINKS; a worker may have others, given in code.',
  connects: false,
  examples: [['tempograph notify list --json', 'for scripts']],
  run: async (out) => {
    const { sinks } = resolveSettings();
    out.document({ sinks: sinks.map(shown) });
    if (sinks.length === 0) out.note('no sink is set; see TEMPOGRAPH_SINKS');
    if (sinks.length > 0 && !out.json) printTable(out, sinks);
    return EXIT.done;
  },
};

const test: CommandDefinition<TestOptions> = {
  name: 'test',
  summary: 'Send a made-up event through one sink, and say what happened',
  description:
    'Sent once, from this machine, with the settings of the environment. Needs neither Temporal nor the store. ' +
    'Exit code 1 when it is not taken.',
  connects: false,
  options: [
    option('--sink <name>', 'the sink; default: the only one'),
    option('--event <event>', `which event (default: ${EVENT})`).choices(EVENT_NAMES),
    option('--print', 'print the message instead of sending it'),
  ],
  examples: [
    ['tempograph notify test --sink ops', 'as if something had failed'],
    ['tempograph notify test --sink ops --event deadlineRisk --print', 'only look at it'],
  ],
  run: async (out, { sink: name, event = EVENT, print = false }) => {
    const settings = resolveSettings();
    const sink = sinkOf(settings, name);
    return print ? await show(out, sink, event, settings) : await send(out, sink, event, settings);
  },
};

export const notify: CommandGroup = {
  name: 'notify',
  summary: 'Look at who is told of events, and try it',
  commands: [list, test],
  examples: [
    ['tempograph notify list', 'every sink'],
    ['tempograph notify test --sink ops', 'a made-up failure to one of them'],
  ],
};

/** @throws UsageError for a name that is none */
function sinkOf({ sinks }: ResolvedSettings, name: string | undefined): Sink {
  const names = sinks.map((sink) => sink.name);
  if (names.length === 0) throw new UsageError('no sink is set; see TEMPOGRAPH_SINKS');
  const [only] = sinks;
  if (name === undefined && only && sinks.length === 1) return only;
  const found = sinks.find((sink) => sink.name === name);
  if (found) return found;
  const hint = name === undefined ? undefined : didYouMean(name, names);
  throw new UsageError(`--sink: expected one of ${names.join(', ')}${hint ? `; ${hint}` : ''}`);
}

/** What is sent with takes a while to load: only where it is used. */
async function prepared(sink: Sink, name: EventName, { publicUrl }: ResolvedSettings) {
  const [{ senderOf }, { trialEvent }] = await Promise.all([
    import('../notify/sender.js'),
    import('../notify/trial.js'),
  ]);
  const event = trialEvent(name, `evt_test_${randomUUID()}`, Date.now());
  return { sender: senderOf(sink), event, facts: { publicUrl: publicUrl ?? undefined } };
}

async function show(
  out: Output,
  sink: Sink,
  name: EventName,
  settings: ResolvedSettings,
): Promise<ExitCode> {
  const { sender, event, facts } = await prepared(sink, name, settings);
  const message = sender.message(event, facts);
  out.document({ sink: sink.name, kind: sink.kind, event: name, ...message });
  out.print(`to ${message.to}`);
  out.source(JSON.stringify(message.body, null, 2));
  await sender.close();
  return EXIT.done;
}

async function send(
  out: Output,
  sink: Sink,
  name: EventName,
  settings: ResolvedSettings,
): Promise<ExitCode> {
  const { sender, event, facts } = await prepared(sink, name, settings);
  const { to } = sender.message(event, facts);
  const said = { sink: sink.name, kind: sink.kind, event: name, to };
  try {
    const sent = await sender.send(event, facts, AbortSignal.timeout(sink.timeout));
    out.document({ ...said, taken: true, ...sent });
    out.print(`${sink.name} took it: ${to} ${sent.said}`);
    for (const one of sent.refused ?? []) out.note(`not to all: ${one}`);
    return sent.refused ? EXIT.failed : EXIT.done;
  } catch (error) {
    out.document({ ...said, taken: false, error: messageOf(error) });
    out.print(`${sink.name} did not take it: ${messageOf(error)}`);
    return EXIT.failed;
  } finally {
    await sender.close();
  }
}

/** A sink without what may be a secret: its address, its headers. */
function shown(sink: Sink) {
  const { name, kind, level, project = null, events = null } = sink;
  const to = kind === 'email' ? sink.to.join(', ') : new URL(sink.url).host;
  const format = kind === 'email' ? null : sink.format;
  return { name, kind, format, to, level, project, events };
}

function printTable(out: Output, sinks: readonly Sink[]): void {
  const titles = ['NAME', 'KIND', 'TO', 'LEVEL', 'EVENTS'].map((text): Cell => ({
    text,
    paint: out.style.dim,
  }));
  const rows = sinks.map(shown).map(({ name, kind, format, to, level, events }) => {
    const how = format === null ? kind : `${kind} (${format})`;
    return [name, how, to, level, events?.join(', ') ?? 'all'].map((text): Cell => ({ text }));
  });
  for (const line of table([titles, ...rows], out.live ? out.width : Infinity)) out.print(line);
}
