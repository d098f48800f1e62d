/**
 * The variables of a container of Argo, and Kubernetes' `$(NAME)` in its words and values: it puts in what the container's own
 * `env` says, a value what stands before it, and takes `$$` for `$`.
 */
import { isObject, preview, setOwn } from '../domain/json.js';
import { ContainerSchema, type ContainerSpec } from '../domain/program.js';
import { piecesIn } from './argo-program-scope.js';
import { templateOf, type Piece, type Scope } from './argo-scope.js';
import type { Source } from './source.js';

const MOST_SECRETS = 50;
const REFERENCE = /\$(?:\$|\(([^()]*)\))/g;
/** Characters and pieces that a text may grow to, as values may hold each other. */
const MOST_TEXT = 200_000;

export class Variables {
  readonly spec: Pick<ContainerSpec, 'env' | 'secrets'>;
  private readonly values = new Map<string, readonly Piece[]>();
  private readonly elsewhere = new Set<string>();

  constructor(
    source: Source,
    private readonly scope: Scope,
  ) {
    const env: Record<string, string> = {};
    const secrets = new Set<string>();
    for (const one of source.items()) {
      const name = one.get('name').text() ?? '';
      const from = one.get('valueFrom');
      this.values.delete(name);
      if (from.given) {
        this.elsewhere.add(name);
        if (isSecret(from, name, secrets.size, scope.secrets)) secrets.add(name);
        continue;
      }
      const pieces = this.expand(one.get('value'));
      this.values.set(name, pieces);
      const value = templateOf(pieces);
      const fault = ContainerSchema.shape.env.safeParse({ [name]: value }).error?.issues[0];
      if (fault) one.lose(`the variable ${preview(name)} ${messageOf(fault)}; left out`);
      else setOwn(env, name, value);
    }
    for (const name of Object.keys(env)) secrets.delete(name);
    this.spec = {
      ...(Object.keys(env).length === 0 ? {} : { env }),
      ...(secrets.size === 0 ? {} : { secrets: [...secrets] }),
    };
  }

  /** The text of a part with its tags and what the container's variables are put in. */
  expand(source: Source): readonly Piece[] {
    const before = piecesIn(source, this.scope);
    const pieces = before.flatMap((piece) =>
      typeof piece === 'string' ? this.parts(piece, source) : [piece],
    );
    const size = pieces.reduce(
      (sum, piece) => sum + (typeof piece === 'string' ? piece.length : 0),
      pieces.length,
    );
    if (size <= MOST_TEXT || pieces.length === before.length) return pieces;
    source.losses.add(source.path, '$()', 'too long with its variables put in; they stay as text');
    return before;
  }

  private parts(text: string, { losses, path }: Source): Piece[] {
    const parts: Piece[] = [];
    let end = 0;
    for (const match of text.matchAll(REFERENCE)) {
      const [whole, name] = match;
      const value = name === undefined ? ['$'] : this.values.get(name);
      if (value === undefined && this.elsewhere.has(name ?? ''))
        losses.add(
          path,
          '$()',
          `${whole} is known only where it runs; it stays as text, so let a shell read $${name}`,
        );
      if (!value) continue;
      parts.push(text.slice(end, match.index), ...value);
      end = match.index + whole.length;
    }
    return [...parts, text.slice(end)].filter((part) => part !== '');
  }
}

/** What is wrong with a name stands one level below. */
const messageOf = (fault: { message: string; issues?: readonly { message: string }[] }): string =>
  fault.issues?.[0]?.message ?? fault.message;

/** A key of a Kubernetes secret, which is a secret of the variable's name here: two of one name are one. */
function isSecret(
  from: Source,
  name: string,
  count: number,
  taken: Map<string, string> | undefined,
): boolean {
  const ref = from.get('secretKeyRef');
  if (!ref.given) {
    from.lose(`what the cluster knows is not looked up; say a value for ${preview(name)}`);
    return false;
  }
  const fault = ContainerSchema.shape.secrets.safeParse([name]).error?.issues[0];
  if (fault || count >= MOST_SECRETS) {
    from.lose(
      `the variable ${preview(name)} ${fault?.message ?? `is more than ${MOST_SECRETS} secrets`}; left out`,
    );
    return false;
  }
  const { name: of, key } = isObject(ref.value) ? ref.value : {};
  const what = `the key ${preview(key)} of the secret ${preview(of)}`;
  const other = taken?.get(name) ?? what;
  taken?.set(name, other);
  ref.lose(
    other === what
      ? `the secret ${name} is asked for, where ${what} was; the worker needs TEMPOGRAPH_SECRET_${name}, or a file of that name in its secretsDir`
      : `the secret ${name} is ${other} already, and is asked for here too, where ${what} was; give one of the two variables another name, also in its program, and the worker a secret of that name`,
  );
  return true;
}
