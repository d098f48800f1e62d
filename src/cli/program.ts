/** The program: its commands, its help, and how an error becomes words and an exit code. */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../config.js';
import { warnOfMisspelt } from '../misspelt-variables.js';
import { optionsOf } from './command-options.js';
import { loadCommands, type Commands } from './commands.js';
import type { CommandDefinition, CommonOptions } from './command.js';
import { EXIT, failureOf, UsageError, type ExitCode } from './exit.js';
import { endAtOnce, interrupts } from './interrupts.js';
import { withNearest } from './one-of.js';
import { Output, type OutputOptions } from './output.js';
import { shown } from './paint.js';
import { assertMayUseServer } from './server-option.js';

/** Runs one command line to its end. Never throws. */
export async function runCli(
  argv: readonly string[],
  streams: Omit<OutputOptions, 'json'> = {},
): Promise<ExitCode> {
  const out = new Output({ ...streams, json: asksForJson(argv) });
  const stop = interrupts.listen(endAtOnce);
  const { yellow } = out.noteStyle;
  warnOfMisspelt(streams.env ?? process.env, (text) => out.note(`${yellow('warning:')} ${text}`));
  try {
    return await parse(argv, out);
  } catch (error) {
    return await tellFailure(error, argv, out);
  } finally {
    stop();
    await out.flush();
  }
}

/** Known before the command line is parsed, so that its errors are JSON too. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

async function parse(argv: readonly string[], out: Output): Promise<ExitCode> {
  let exit: ExitCode = EXIT.done;
  const { commands, groups } = await commandsFor(argv);
  const program = new Command('tempograph')
    .description('Runs tasks and graphs of tasks durably on Temporal.')
    .version(packageVersion(), '-V, --version')
    .helpCommand('help [command]', 'help for a command');
  const add = (parent: Command, definition: CommandDefinition): void => {
    const command = describe(parent.command(definition.name), definition);
    command.action(async () => {
      const options = command.opts<CommonOptions>();
      assertMayUseServer(definition, options);
      exit = await definition.run(out, options, command.args);
    });
  };
  for (const definition of commands) add(program, definition);
  for (const { name, summary, commands: inner, examples } of groups) {
    const group = program.command(name).summary(summary).description(summary);
    for (const definition of inner) add(group, definition);
    withExamples(group, examples);
  }
  for (const command of [program, ...program.commands.flatMap((one) => [one, ...one.commands])])
    quiet(command, out);
  if (argv.length === 0) {
    out.note(program.helpInformation());
    return EXIT.refused;
  }
  await program.parseAsync(argv, { from: 'user' });
  return exit;
}

/** Those that a command line needs: one is enough where it is named. */
async function commandsFor([first]: readonly string[]): Promise<Commands> {
  const asksForVersion = first === '-V' || first === '--version';
  return asksForVersion ? { commands: [], groups: [] } : await loadCommands(first);
}

function describe(command: Command, definition: CommandDefinition): Command {
  const { summary, description, parameters = [] } = definition;
  command.summary(summary).description(description ? `${summary}\n\n${description}` : summary);
  for (const [flags, what] of parameters) command.argument(flags, what);
  for (const one of optionsOf(definition)) command.addOption(withNearest(one));
  return withExamples(command, definition.examples);
}

function withExamples(command: Command, examples: CommandDefinition['examples']): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`.trimEnd());
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** Commander throws instead of ending the process, and leaves errors to us. */
function quiet(command: Command, out: Output): void {
  command
    .exitOverride()
    .configureOutput({
      outputError: () => undefined,
      writeOut: (text) => process.stdout.write(shown(text)),
    })
    .configureHelp({
      styleTitle: (title) => out.style.bold(title),
      styleCommandText: (text) => out.style.cyan(text),
      styleSubcommandText: (text) => out.style.cyan(text),
    });
}

async function tellFailure(
  error: unknown,
  argv: readonly string[],
  out: Output,
): Promise<ExitCode> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done; // help or version
    return await tellFailure(new UsageError(await usageMessage(error, argv)), argv, out);
  }
  const { exit, code, message, details, stack } = failureOf(error);
  out.jsonLine({ error: { code, message, ...(details === undefined ? {} : { details }) } });
  const { red, dim } = out.noteStyle;
  out.note(`${red('error:')} ${message}`);
  if (stack !== undefined && wantsStack(argv)) out.note(dim(stack));
  return exit;
}

async function usageMessage(
  { message, code }: CommanderError,
  argv: readonly string[],
): Promise<string> {
  const [name = '', second] = argv;
  const { commands, groups } = await commandsFor(argv);
  const group = groups.find((one) => one.name === name);
  const inner = group?.commands.some((command) => command.name === second) ? ` ${second}` : '';
  const known = group ?? commands.find((command) => command.name === name);
  const help = known ? `tempograph ${name}${inner} --help` : 'tempograph --help';
  const names = group?.commands.map((command) => command.name).join(', ');
  const text = code === 'commander.help' ? `${name}: expected one of ${names}` : message;
  return `${text.replace(/^error: /, '').replaceAll('\n', ' ')}; see ${help}`;
}

function wantsStack(argv: readonly string[]): boolean {
  const at = argv.indexOf('--log-level');
  const level = at >= 0 ? argv[at + 1] : process.env['TEMPOGRAPH_LOG_LEVEL'];
  return level === 'debug' || level === 'trace' || argv.includes('--log-level=debug');
}
