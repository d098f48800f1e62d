/** The manual page in roff, made of the table of commands. */
import type { CommandRow, CommandTable, OptionRow } from './command-table.js';

const EXITS: readonly (readonly [string, string])[] = [
  ['0', 'Done; an execution ended COMPLETED.'],
  ['1', 'The execution failed or was cancelled, or there was nothing to do.'],
  ['2', 'Bad usage, or an input that was refused before anything ran.'],
  ['3', 'Temporal, the server or the store cannot be reached.'],
  ['130', 'Interrupted; the execution goes on.'],
];
const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['TEMPORAL_ADDRESS', 'Where Temporal is, with the rest of its TEMPORAL_* settings.'],
  ['TEMPOGRAPH_SERVER', 'A server of the HTTP API to go through, as --server.'],
  ['TEMPOGRAPH_API_KEY', 'The key for it.'],
  ['TEMPOGRAPH_TASK_QUEUE', 'The task queue, as --task-queue.'],
  ['NO_COLOR', 'No colours, whatever it is set to.'],
];

/** @param version of the package */
export function manPage({ commands, groups }: CommandTable, version: string): string {
  const shared = sharedOptions(commands);
  const names = new Set(shared.map(({ flags }) => flags));
  return [
    `.TH TEMPOGRAPH 1 "" ${quoted(`Tempograph ${version}`)} "User Commands"`,
    '.SH NAME',
    'tempograph \\- run tasks and graphs of tasks durably on Temporal',
    '.SH SYNOPSIS',
    '.B tempograph',
    '.I command',
    '[\\fIargument\\fR ...] [\\fIoption\\fR ...]',
    '.SH DESCRIPTION',
    text(
      'Results go to standard output, everything else to standard error. With --json, standard output gets one JSON document, or a line of JSON for each thing where it streams.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap((row) => commandLines(row, names)),
    '.SH "OPTIONS OF ALL COMMANDS THAT CONNECT"',
    ...shared.flatMap(optionLines),
    '.SH "EXIT STATUS"',
    ...EXITS.flatMap(([code, what]) => tagged(`\\fB${code}\\fR`, what)),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, what]) => tagged(`\\fB${name}\\fR`, what)),
    '.SH EXAMPLES',
    ...groups.flatMap(({ examples }) => examples).flatMap(exampleLines),
    '',
  ].join('\n');
}

/** Those that many commands have are told once: of a group that is theirs, and --json. */
function sharedOptions(commands: readonly CommandRow[]): OptionRow[] {
  const found = new Map<string, OptionRow>();
  for (const { options } of commands)
    for (const one of options)
      if (one.group !== undefined || one.names.includes('--json')) found.set(one.flags, one);
  return [...found.values()];
}

function commandLines(
  { path, definition, options, parameters }: CommandRow,
  shared: ReadonlySet<string>,
): string[] {
  const { summary, description, examples } = definition;
  const usage = [path, ...parameters.map(({ flags }) => flags)].join(' ');
  return [
    `.SS ${quoted(`tempograph ${usage}`)}`,
    text(`${summary}.`),
    ...(description === undefined ? [] : ['.PP', ...description.split('\n').map(text)]),
    ...parameters.flatMap(({ flags, description: what }) =>
      tagged(`\\fI${inline(flags)}\\fR`, what),
    ),
    ...options.filter(({ flags }) => !shared.has(flags)).flatMap(optionLines),
    ...examples.flatMap(exampleLines),
  ];
}

function optionLines({ flags, description, value }: OptionRow): string[] {
  const words = value?.kind === 'words' && !description.includes(value.words[0] ?? '');
  const more = words ? ` (${value.words.join(', ')})` : '';
  return tagged(`\\fB${inline(flags)}\\fR`, `${description}${more}`);
}

const exampleLines = ([line, what]: readonly [string, string]): string[] => [
  '.PP',
  ...(what === '' ? [] : [text(`${what}:`)]),
  '.nf',
  '.RS 4',
  text(line),
  '.RE',
  '.fi',
];

const tagged = (tag: string, what: string): string[] => ['.TP', tag, ...what.split('\n').map(text)];

/** A line of text: one that begins with a dot or an apostrophe would be a request. */
const text = (line: string): string => inline(line).replace(/^(?=[.'])/, '\\&');

/** Characters that roff has its own way with, and those that not every device has. */
function inline(line: string): string {
  return line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/[^\x20-\x7e]/gu, (one) => {
      const code = one.codePointAt(0) ?? 0;
      return `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
    });
}

const quoted = (words: string): string => `"${inline(words).replaceAll('"', '""')}"`;
