/** What a command is: its words for people, its options, and what it does. */
import { Option } from 'commander';
import { LOG_LEVELS, type LogLevel } from '../config.js';
import { parseDuration } from '../domain/duration.js';
import { UsageError, type ExitCode } from './exit.js';
import type { Output } from './output.js';

/** Options that every command takes, and every command that talks to Temporal. */
export interface CommonOptions {
  json?: boolean;
  address?: string;
  namespace?: string;
  taskQueue?: string;
  dataDir?: string;
  templatesDir?: string;
  logLevel?: LogLevel;
  server?: string;
  apiKeyFile?: string;
  plainHttp?: boolean;
}

export interface CommandDefinition<Options extends CommonOptions = CommonOptions> {
  name: string;
  /** One line, for the list of commands. */
  summary: string;
  /** More, for the command's own help. */
  description?: string;
  /** `<required>` or `[optional]`, and what it is. */
  parameters?: readonly (readonly [flags: string, description: string])[];
  options?: readonly Option[];
  /** Whether it takes the address, the task queue and so on. Default true. */
  connects?: boolean;
  /** Why it does not work through a server: "runs on this machine". Default: it does. */
  local?: string;
  examples: readonly (readonly [line: string, what: string])[];
  run(out: Output, options: Options, given: readonly string[]): Promise<ExitCode>;
}

/** A command that is only a name for others. */
export interface CommandGroup extends Pick<CommandDefinition, 'name' | 'summary' | 'examples'> {
  commands: readonly CommandDefinition[];
}

/** An option; `parse` gets the text and, for one that may be repeated, what was given before. */
export function option<T>(
  flags: string,
  description: string,
  parse?: (text: string, previous: T | undefined) => T,
): Option {
  const made = new Option(flags, description);
  return parse ? made.argParser(parse) : made;
}

export const JSON_OPTION = option('--json', 'one JSON document on standard output');
export const DATA_DIR = 'folder of large values (default: TEMPOGRAPH_DATA_DIR, .tempograph)';

/** Where pipelines are that are run by name. */
export const TEMPLATES_DIR_OPTION = option(
  '--templates-dir <folder>',
  'folder of templates (default: TEMPOGRAPH_TEMPLATES_DIR, templates)',
);

/** In every command that talks to Temporal. */
export const CONNECTION_OPTIONS: readonly Option[] = [
  option('--address <host:port>', 'where Temporal is (default: TEMPORAL_ADDRESS, 127.0.0.1:7233)'),
  option('--namespace <name>', 'default: TEMPORAL_NAMESPACE, "default"'),
  option('--task-queue <name>', 'default: TEMPOGRAPH_TASK_QUEUE, "tempograph"'),
  option('--data-dir <folder>', DATA_DIR),
  TEMPLATES_DIR_OPTION,
  option('--log-level <level>', 'how much is logged').choices(LOG_LEVELS),
].map((one) => one.helpGroup('Connection and settings:'));

/** For an option that may be repeated: all its values, in order. */
export function collect(text: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), text];
}

/** For an option that takes a whole number. */
export const wholeNumber =
  (name: string, least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new UsageError(
      `${name}: expected a whole number from ${least} to ${most}, got ${JSON.stringify(text)}`,
    );
  };

/** For an option that takes a duration. @returns milliseconds */
export const duration =
  (name: string) =>
  (text: string): number => {
    try {
      return parseDuration(text);
    } catch (error) {
      throw new UsageError(`${name}: ${(error as Error).message}`);
    }
  };

/** For an option that takes a number from a range. */
export const decimal =
  (name: string, least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new UsageError(
      `${name}: expected a number from ${least} to ${most}, got ${JSON.stringify(text)}`,
    );
  };

/** The settings that the options state, for the engine and the worker. */
export function settingsOf(options: CommonOptions): Omit<CommonOptions, 'json'> {
  const { address, namespace, taskQueue, dataDir, templatesDir, logLevel } = options;
  return {
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(taskQueue === undefined ? {} : { taskQueue }),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(templatesDir === undefined ? {} : { templatesDir }),
    ...(logLevel === undefined ? {} : { logLevel }),
  };
}
