/**
 * The program of `sh` that stands around a converted one: it puts files where the program looks for them, and its results
 * where they are kept. Only the parts that are needed are in it.
 *
 * W1. What is known before the run stands in it in single quotes; what is not is one of its arguments. No value is ever
 *     read as shell.
 * W2. The program is run by `exec`, so a name that the shell has too (`echo`, `test`) is the image's.
 * W3. Results are taken only where the program ended with 0; any other code the wrapper ends with, too.
 */
import { staticText, templateOf, type Piece } from './argo-scope.js';
import { plain } from './cel.js';

/** A file that a result is read from. */
interface OutputFile {
  name: string;
  path: readonly Piece[];
}

/** What the wrapper of a program has to do. */
export interface Wrapped {
  /** Artifacts of other nodes, and where the program looks for them. `file` is a path, empty for none. */
  files: { file: readonly Piece[]; path: readonly Piece[]; unpack: boolean }[];
  /** Texts that the program finds as files. */
  texts: { text: readonly Piece[]; path: readonly Piece[] }[];
  /** Standard output is a result. */
  result: boolean;
  exitCode: boolean;
  parameters: (OutputFile & { or?: readonly Piece[] })[];
  artifacts: (OutputFile & { optional: boolean; pack: boolean })[];
}

/** Exit code where the wrapper cannot do its own part: a file that cannot be put into place, a result that is not there. */
const WRAPPER_FAILED = 64;

/** False for a program that can be run without a wrapper. */
export const needsWrapper = (wrapped: Wrapped): boolean =>
  wrapped.result ||
  wrapped.exitCode ||
  [wrapped.files, wrapped.texts, wrapped.parameters, wrapped.artifacts].some(
    ({ length }) => length > 0,
  );

/** The entrypoint of the container; program and arguments come as its command. */
export function entrypointOf(wrapped: Wrapped): string[] {
  const words = new Words();
  const before = [
    ...wrapped.files.map(
      ({ file, path, unpack }) =>
        `place ${words.of(file)} ${words.of(path)} ${unpack ? 'unpack' : 'copy'}`,
    ),
    ...wrapped.texts.map(({ text, path }) => `write ${words.of(text)} ${words.of(path)}`),
  ];
  const { result, parameters, artifacts, exitCode } = wrapped;
  const kept = parameters.map(
    ({ name, path, or }) =>
      `parameter ${quoted(name)} ${words.of(path)}${or === undefined ? '' : ` ${words.of(or)}`}`,
  );
  const after = [
    ...kept,
    ...(exitCode ? [EXIT_CODE] : []),
    ...artifacts.map(
      ({ name, path, optional, pack }) =>
        `artifact ${quoted(name)} ${words.of(path)} ${pack ? 'pack' : 'copy'}${optional ? ' optional' : ''}`,
    ),
  ];
  const fails = before.length + parameters.length + artifacts.length > 0;
  const lines = [
    ABOUT,
    ...(fails ? [FAIL] : []),
    ...(wrapped.files.length > 0 ? [PLACE] : []),
    ...(wrapped.texts.length > 0 ? [WRITE] : []),
    ...(parameters.length > 0 ? [PARAMETER] : []),
    ...(artifacts.length > 0 ? [ARTIFACT] : []),
    ...words.taken(),
    ...before,
    ...(result ? [TEED, ENDED] : after.length > 0 ? [RUN, ENDED] : [REPLACED]),
    ...after,
  ];
  return ['sh', '-c', plain(`${lines.join('\n')}\n`), 'sh', ...words.given];
}

/** Words of the program, each in quotes or as an argument of its own. */
class Words {
  readonly given: string[] = [];

  of(pieces: readonly Piece[]): string {
    const fixed = staticText(pieces);
    if (fixed !== undefined) return quoted(fixed);
    this.given.push(templateOf(pieces));
    return `"$given_${this.given.length}"`;
  }

  /** Lines that take the arguments away, so that the program and its own are left. */
  taken(): string[] {
    return this.given.map((_template, at) => `given_${at + 1}=$1; shift`);
  }
}

/** A text as one word of the shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const ABOUT = '# By tempograph convert: files into place, the program, its results.';
const FAIL = `fail() { printf '%s\\n' "$1" >&2; exit ${WRAPPER_FAILED}; }`;

/** An archive is unpacked; the one thing in it, or all of it, is what lies at the path, as Argo has it. */
const PLACE = `place() {
  [ -n "$1" ] || return 0
  mkdir -p "\${2%/*}/" || fail "$2: its folder cannot be made"
  if [ "$3" = unpack ] && tar -tzf "$1" > /dev/null 2>&1; then
    new=$2.unpacked count=0
    mkdir "$new" && tar -xzf "$1" -C "$new" || fail "$2: no unpacking"
    for one in "$new"/* "$new"/.[!.]* "$new"/..?*; do
      [ -e "$one" ] || [ -L "$one" ] || continue
      count=$((count + 1)) only=$one
    done
    if [ "$count" = 1 ]; then mv "$only" "$2" && rmdir "$new"
    else mv "$new" "$2"; fi || fail "$2: cannot be put into place"
  else
    cat "$1" > "$2" || fail "$2: cannot be written"
  fi
}`;
const WRITE = `write() {
  mkdir -p "\${2%/*}/" && printf %s "$1" > "$2" && chmod 755 "$2" ||
    fail "$2: cannot be written"
}`;
/** `printf` ends a default with a newline, since one is taken off of every text. */
const PARAMETER = `parameter() {
  kept=$TEMPOGRAPH_OUTPUTS/parameters/$1
  mkdir -p "$TEMPOGRAPH_OUTPUTS/parameters"
  if [ -f "$2" ]; then cat "$2" > "$kept"
  elif [ $# = 3 ]; then printf '%s\\n' "$3" > "$kept"
  else fail "output parameter $1: there is no file $2"
  fi || fail "output parameter $1: cannot be kept"
}`;
/** A file that is an archive is packed once more, since who gets it unpacks once. */
const ARTIFACT = `artifact() {
  kept=$TEMPOGRAPH_ARTIFACTS/$1
  if [ -d "$2" ] || { [ -f "$2" ] && [ "$3" = pack ] &&
    tar -tzf "$2" > /dev/null 2>&1; }
  then tar -czf "$kept" -C "\${2%/*}/" "./\${2##*/}"
  elif [ -f "$2" ]; then cat "$2" > "$kept"
  elif [ "$4" = optional ]; then :
  else fail "output artifact $1: there is nothing at $2"
  fi || fail "output artifact $1: cannot be kept"
}`;
const EXIT_CODE = 'echo 0 > "$TEMPOGRAPH_OUTPUTS/exitCode"';

const REPLACED = 'exec "$@"';
const RUN = '(exec "$@")\ncode=$?';
/**
 * `tee` ends when nobody can write to it any more. What the program leaves behind may do so for long, so it has a second to
 * read what the program itself said, and is ended then.
 */
const TEED = `said=/tmp/.said.$$
mkfifo "$said" || exit ${WRAPPER_FAILED}
tee "$TEMPOGRAPH_OUTPUTS/result" < "$said" &
tee=$!
(exec "$@") > "$said"
code=$?
{ sleep 1; kill "$tee"; } > /dev/null 2>&1 &
wait "$tee" 2> /dev/null
kill "$!" 2> /dev/null
rm -f "$said"`;
const ENDED = '[ "$code" = 0 ] || exit "$code"';
