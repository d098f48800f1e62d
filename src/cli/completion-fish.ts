/** The completion script for fish, made of the table of commands. */
import type { CommandTable, OptionRow, ValueKind } from './command-table.js';

export function fishCompletion({ commands, groups }: CommandTable): string {
  const lone = commands.filter(({ path }) => !path.includes(' '));
  const line = (at: string, ...rest: string[]): string =>
    ['complete -c tempograph', '-n', quoted(`__tempograph_at ${at}`.trimEnd()), ...rest].join(' ');
  const word = (at: string, name: string, summary: string): string =>
    line(at, '-a', name, '-d', quoted(summary));
  return [
    '# fish completion of tempograph, made by "tempograph completion fish".',
    FUNCTION,
    'complete -c tempograph -f',
    ...lone.map(({ path, definition }) => word('', path, definition.summary)),
    ...groups.map(({ name, summary }) => word('', name, summary)),
    ...commands.flatMap(({ path, definition }) => {
      const [group = '', name] = path.split(' ');
      return name === undefined ? [] : [word(group, name, definition.summary)];
    }),
    ...commands.flatMap(({ path, options, parameters }) => [
      ...parameters
        .filter(({ value }) => value.kind !== 'any')
        .map(({ value }) => line(path, ...valueFlags(value))),
      ...options.map((one) => line(path, ...optionFlags(one))),
    ]),
    '',
  ].join('\n');
}

/** True at the end of exactly these words, options and what follows the command left out. */
const FUNCTION = `function __tempograph_at
    set -l path
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; and continue
        set -a path $word
    end
    set -q argv[1]; or test (count $path) -eq 0; or return 1
    set -q argv[2]; and test "$argv" = "$path[1..2]"; and return 0
    set -q argv[2]; and return 1
    set -q argv[1]; or return 0
    test "$argv" = "$path[1]"
end`;

function optionFlags({ names, description, value }: OptionRow): string[] {
  return [
    ...names.flatMap((name) =>
      name.startsWith('--') ? ['-l', name.slice(2)] : ['-s', name.slice(1)],
    ),
    ...(value ? valueFlags(value, '-x') : []),
    ...['-d', quoted(description.replaceAll('\n', ' '))],
  ];
}

/** @param alone what says that a value follows, and that it is no file */
function valueFlags(value: ValueKind, alone = '-f'): string[] {
  if (value.kind === 'words') return [alone, '-a', quoted(value.words.join(' '))];
  if (value.kind === 'file') return [...(alone === '-x' ? ['-r'] : []), '-F'];
  if (value.kind === 'folder') return [alone, '-a', quoted('(__fish_complete_directories)')];
  return [alone];
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
