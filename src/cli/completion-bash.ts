/** The completion script for bash (4 and later), made of the table of commands. */
import { shellQuoted } from '../domain/shell-word.js';
import type { CommandTable, ValueKind } from './command-table.js';

/** The script asks three tables: words after a command, what an option takes, what stands at a place. */
export function bashCompletion({ commands, groups }: CommandTable): string {
  const paths = commands.map(({ path }) => path.split(' '));
  const top = [...new Set(paths.map(([first = '']) => first)), 'help'];
  const groupWords = groups.map(({ name }) => ({
    pattern: shellQuoted(name),
    body: `echo ${shellQuoted(paths.flatMap(([first, second]) => (first === name && second ? [second] : [])).join(' '))}`,
  }));
  const options = commands.map(({ path, options: rows }) => ({
    pattern: shellQuoted(path),
    body: `echo ${shellQuoted([...rows.flatMap(({ names }) => names), '--help'].join(' '))}`,
  }));
  const values = commands.flatMap(({ path, options: rows }) =>
    rows.flatMap(({ names, value }) =>
      value
        ? [
            {
              pattern: names.map((name) => shellQuoted(`${path} ${name}`)).join('|'),
              body: kind(value),
            },
          ]
        : [],
    ),
  );
  const places = commands.flatMap(({ path, parameters }) =>
    parameters.flatMap(({ value }, index) =>
      value.kind === 'any'
        ? []
        : [{ pattern: shellQuoted(`${path} ${index + 1}`), body: kind(value) }],
    ),
  );
  return `# bash completion of tempograph, made by "tempograph completion bash".
_tempograph_inner() {
${cases('$1', groupWords)}
}
_tempograph_options() {
${cases('$1', options)}
}
_tempograph_takes() {
${cases('$1 $2', byBody(values))}
}
_tempograph_place() {
${cases('$1 $2', byBody(places))}
}
_tempograph_offer() {
  local kind=$1 at='' IFS=$'\\n'
  case $kind in
    file | folder)
      compopt -o filenames 2>/dev/null
      [[ $cur == @* ]] && at=@
      [[ $kind == folder ]] && COMPREPLY=($(compgen -d -- "\${cur#@}"))
      [[ $kind == file ]] && COMPREPLY=($(compgen -f -- "\${cur#@}"))
      COMPREPLY=("\${COMPREPLY[@]/#/$at}")
      ;;
    words\\ *) IFS=$' \\t\\n'; COMPREPLY=($(compgen -W "\${kind#words }" -- "$cur")) ;;
  esac
}
_tempograph() {
  local cur=\${COMP_WORDS[COMP_CWORD]} command='' inner='' option='' place=0 i word
  local IFS=$' \\t\\n'
  COMPREPLY=()
  # "--limit=5" comes as three words.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == = ]]; then
      [[ $((i + 1)) -lt $COMP_CWORD ]] && option=''
    elif [[ -n $option ]]; then
      option=''
    elif [[ $word == -* ]]; then
      [[ -n $(_tempograph_takes "$command" "$word") ]] && option=$word
    elif [[ -z $command ]]; then
      command=$word
      inner=$(_tempograph_inner "$command")
    elif [[ -n $inner ]]; then
      command="$command $word"
      inner=''
    else
      place=$((place + 1))
    fi
  done
  [[ $cur == = ]] && cur=''
  if [[ -n $option ]]; then
    _tempograph_offer "$(_tempograph_takes "$command" "$option")"
  elif [[ -z $command ]]; then
    _tempograph_offer ${shellQuoted(`words ${top.join(' ')} --help --version`)}
  elif [[ -n $inner ]]; then
    _tempograph_offer "words $inner --help"
  elif [[ $cur == -* ]]; then
    _tempograph_offer "words $(_tempograph_options "$command")"
  elif [[ $command == help ]]; then
    _tempograph_offer ${shellQuoted(`words ${top.join(' ')}`)}
  else
    _tempograph_offer "$(_tempograph_place "$command" "$((place + 1))")"
  fi
}
complete -F _tempograph tempograph
`;
}

interface Case {
  pattern: string;
  body: string;
}

const kind = (value: ValueKind): string =>
  `echo ${shellQuoted(value.kind === 'words' ? `words ${value.words.join(' ')}` : value.kind)}`;

/** Patterns with the same body as one case. */
function byBody(all: readonly Case[]): Case[] {
  const patterns = new Map<string, string[]>();
  for (const { pattern, body } of all) patterns.set(body, [...(patterns.get(body) ?? []), pattern]);
  return [...patterns].map(([body, some]) => ({ pattern: some.join('|'), body }));
}

const cases = (of: string, all: readonly Case[]): string =>
  [
    `  case "${of}" in`,
    ...all.map(({ pattern, body }) => `    ${pattern}) ${body} ;;`),
    '  esac',
  ].join('\n');
