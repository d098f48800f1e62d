/** The commands as a table for whoever describes them to another program: a shell, a manual. */
import type { Option } from 'commander';
import type { CommandDefinition, CommandGroup } from './command.js';
import { optionsOf } from './command-options.js';

/** What a value may be. */
export type ValueKind =
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'file' }
  | { kind: 'folder' }
  /** Only the one who types knows. */
  | { kind: 'any' };

export interface OptionRow {
  /** `-n`, `--limit`. */
  names: readonly string[];
  /** `-n, --limit <n>`. */
  flags: string;
  description: string;
  group: string | undefined;
  /** Undefined of a switch. */
  value: ValueKind | undefined;
}

export interface CommandRow {
  /** `schedule create`. */
  path: string;
  definition: CommandDefinition;
  options: readonly OptionRow[];
  parameters: readonly { flags: string; description: string; value: ValueKind }[];
}

export interface CommandTable {
  commands: readonly CommandRow[];
  groups: readonly Pick<CommandGroup, 'name' | 'summary' | 'examples'>[];
}

export function commandTable(
  commands: readonly CommandDefinition[],
  groups: readonly CommandGroup[],
): CommandTable {
  return {
    groups,
    commands: [
      ...commands.map((one) => rowOf(one.name, one)),
      ...groups.flatMap((group) =>
        group.commands.map((one) => rowOf(`${group.name} ${one.name}`, one)),
      ),
    ],
  };
}

/** The table of this program's own commands; they are loaded when somebody asks. */
export async function ownTable(): Promise<CommandTable> {
  const { loadCommands } = await import('./commands.js');
  const { commands, groups } = await loadCommands();
  return commandTable(commands, groups);
}

function rowOf(path: string, definition: CommandDefinition): CommandRow {
  return {
    ...{ path, definition },
    options: optionsOf(definition)
      .filter(({ hidden }) => !hidden)
      .map(optionRow),
    parameters: (definition.parameters ?? []).map(([flags, description]) => ({
      ...{ flags, description },
      value: kindOf(flags, undefined),
    })),
  };
}

function optionRow(one: Option): OptionRow {
  const { flags, description, helpGroupHeading, short, long } = one;
  const takesValue = one.required || one.optional;
  return {
    ...{ flags, description, group: helpGroupHeading },
    names: [short, long].filter((name) => name !== undefined),
    value: takesValue ? kindOf(flags, wordsOf(one)) : undefined,
  };
}

/** Of `choices`, or of a parser that has `words`. */
function wordsOf({ argChoices, parseArg }: Option): readonly string[] | undefined {
  return argChoices ?? (parseArg as { words?: readonly string[] } | undefined)?.words;
}

/** By its name: `<file>`, `<json|@file>`, `<folder>`, `<bash|zsh|fish>`. */
function kindOf(flags: string, words: readonly string[] | undefined): ValueKind {
  if (words) return { kind: 'words', words };
  const name = /[<[](.*?)[\]>]/.exec(flags)?.[1]?.replace(/\.{3}$/, '') ?? '';
  const parts = name.split('|').map((part) => part.replace(/^@/, ''));
  if (parts.includes('file')) return { kind: 'file' };
  if (parts.includes('folder')) return { kind: 'folder' };
  return parts.length > 1 ? { kind: 'words', words: parts } : { kind: 'any' };
}
