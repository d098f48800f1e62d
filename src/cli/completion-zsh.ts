/** The completion script for zsh, made of the table of commands. */
import { shellQuoted } from '../domain/shell-word.js';
import type { CommandRow, CommandTable, OptionRow, ValueKind } from './command-table.js';

export function zshCompletion({ commands, groups }: CommandTable): string {
  const lone = commands.filter(({ path }) => !path.includes(' '));
  const words = [
    ...lone.map(({ path, definition }) => `${path}:${definition.summary}`),
    ...groups.map(({ name, summary }) => `${name}:${summary}`),
  ];
  return `#compdef tempograph
# zsh completion of tempograph, made by "tempograph completion zsh".
_tempograph() {
  local curcontext=$curcontext state line
  local -a commands
  commands=(
${words.map((word) => `    ${described(word)}`).join('\n')}
  )
  _arguments -C '(- *)--help[help]' '(- *)--version[version]' '1: :->command' '*:: :->rest' && return
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
${lone.map((row) => `        ${row.path}) _arguments ${specs(row)} ;;`).join('\n')}
${groups.map(({ name }) => `        ${name}) _tempograph_${name} ;;`).join('\n')}
      esac
      ;;
  esac
}
${groups.map(({ name }) => groupFunction(name, commands)).join('')}
if [[ $funcstack[1] == _tempograph ]]; then _tempograph "$@"; else compdef _tempograph tempograph; fi
`;
}

function groupFunction(name: string, commands: readonly CommandRow[]): string {
  const inner = commands.filter(({ path }) => path.startsWith(`${name} `));
  const last = ({ path }: CommandRow): string => path.slice(name.length + 1);
  return `_tempograph_${name}() {
  local curcontext=$curcontext state line
  local -a commands
  commands=(
${inner.map((row) => `    ${described(`${last(row)}:${row.definition.summary}`)}`).join('\n')}
  )
  _arguments -C '1: :->command' '*:: :->rest' && return
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
${inner.map((row) => `        ${last(row)}) _arguments ${specs(row)} ;;`).join('\n')}
      esac
      ;;
  esac
}
`;
}

/** What `_arguments` takes: `'(-n --limit)'{-n,--limit}'[at most this many]:n:'`. */
function specs({ options, parameters }: CommandRow): string {
  const places = parameters.map(({ flags, value }, index) => {
    const name = flags.replace(/[<>[\]]/g, '');
    const optional = flags.startsWith('[') ? ':' : '';
    return shellQuoted(`${index + 1}:${optional}${plain(name)}:${action(value)}`);
  });
  return [...options.map(optionSpec), shellQuoted('--help[help]'), ...places].join(' ');
}

function optionSpec({ names, description, value }: OptionRow): string {
  const text = `[${plain(description)}]${value ? `:value:${action(value)}` : ''}`;
  const [only = ''] = names;
  // With a star it may be given again; one that is refused twice is told so by the command.
  if (names.length === 1) return shellQuoted(`*${only}${text}`);
  return `'*'{${names.join(',')}}${shellQuoted(text)}`;
}

function action(value: ValueKind): string {
  if (value.kind === 'words') return `(${value.words.join(' ')})`;
  if (value.kind === 'file') return '_files';
  return value.kind === 'folder' ? '_files -/' : ' ';
}

/** `_describe` splits at the first colon alone; others are escaped. */
function described(text: string): string {
  const at = text.indexOf(':');
  return shellQuoted(`${text.slice(0, at)}:${text.slice(at + 1).replace(/[\\:]/g, '\\$&')}`);
}

const plain = (text: string): string => text.replaceAll('\n', ' ').replace(/[\\:[\]]/g, '\\$&');
