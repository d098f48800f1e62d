/** Argo's conditions: `when`, in which tags are put in as text before it is read, and expression tags. */
import type { Logic } from './logic.js';
import { NotTranslatable, parseLogic } from './logic.js';
import { celText, FAILED, hasStatus, joined, negated } from './cel.js';
import { ofPath, piecesOf, staticText, textCel, type Piece, type Scope } from './argo-scope.js';

/** Argo's word for how a node ended, and ours. */
const STATUSES: Readonly<Record<string, readonly string[]>> = {
  Succeeded: ['COMPLETED'],
  Failed: FAILED,
  Error: FAILED,
  Errored: FAILED,
  Skipped: ['SKIPPED'],
  Omitted: ['SKIPPED'],
};

/**
 * The condition as CEL; `true` where it always holds.
 *
 * @throws NotTranslatable
 */
export function whenCel(text: string, scope: Scope): string {
  const tag = /^\s*\{\{=([\s\S]*)\}\}\s*$/.exec(text)?.[1];
  const logic = tag === undefined ? parseLogic(text, 'text') : parseLogic(tag);
  return new ArgoLogic(scope, tag === undefined).condition(logic);
}

/** An expression tag in a text: a reference, a literal or a condition. */
export function expressionPieces(text: string, scope: Scope): readonly Piece[] {
  const logic = parseLogic(text);
  const writer = new ArgoLogic(scope, false);
  if (logic.kind === 'ref' || logic.kind === 'value') return writer.operand(logic);
  return [{ cel: writer.condition(logic), type: 'bool' }];
}

class ArgoLogic {
  constructor(
    private readonly scope: Scope,
    /** Texts may hold tags. */
    private readonly tags: boolean,
  ) {}

  condition(logic: Logic): string {
    switch (logic.kind) {
      case 'not': {
        const inner = this.condition(logic.of);
        return inner === 'true' ? 'false' : inner === 'false' ? 'true' : negated(inner);
      }
      case 'binary':
        return this.binary(logic);
      case 'value':
      case 'ref':
        return truth(this.operand(logic));
      case 'call':
        throw new NotTranslatable(`calls ${logic.name}(), which has no counterpart`);
      case 'choose':
        throw new NotTranslatable('chooses by ? :, which has no counterpart in a condition');
    }
  }

  operand(logic: Logic): readonly Piece[] {
    if (logic.kind === 'ref') return ofPath(logic.path, this.scope);
    if (logic.kind === 'value') {
      const text = String(logic.value ?? '');
      return this.tags ? piecesOf(text, this.scope) : [text];
    }
    return [{ cel: this.condition(logic), type: 'bool' }];
  }

  private binary({ operator, left, right }: Extract<Logic, { kind: 'binary' }>): string {
    if (operator === '&&' || operator === '||') {
      const parts = [this.condition(left), this.condition(right)];
      const [zero, one] = operator === '&&' ? ['false', 'true'] : ['true', 'false'];
      if (parts.includes(zero)) return zero;
      const open = parts.filter((part) => part !== one);
      return open.length === 0 ? one : joined(operator, open);
    }
    const [a, b] = [this.operand(left), this.operand(right)];
    switch (operator) {
      case '==':
      case '!=': {
        const equal = compared(a, b);
        if (equal === 'true' || equal === 'false')
          return String((equal === 'true') === (operator === '=='));
        if (operator === '==') return equal;
        const sides = equal.split(' == ');
        return sides.length === 2 ? sides.join(' != ') : negated(equal);
      }
      case '<':
      case '<=':
      case '>':
      case '>=':
        return `${sized(a)} ${operator} ${sized(b)}`;
      case '=~':
        return `${bracketed(textCel(a))}.matches(${textCel(b)})`;
      case '!~':
        return `!${bracketed(textCel(a))}.matches(${textCel(b)})`;
      case '??':
        throw new NotTranslatable('uses ??, which has no counterpart');
    }
  }
}

const bracketed = (cel: string): string => (cel.includes(' + ') ? `(${cel})` : cel);

/** Equality as text: that is what tags put in. */
function compared(a: readonly Piece[], b: readonly Piece[]): string {
  const [first, second] = [staticText(a), staticText(b)];
  if (first !== undefined && second !== undefined) return String(first === second);
  const status = statusTest(a, second) ?? statusTest(b, first);
  return status ?? `${textCel(a)} == ${textCel(b)}`;
}

function statusTest(pieces: readonly Piece[], word: string | undefined): string | undefined {
  const [only] = pieces;
  if (pieces.length !== 1 || typeof only !== 'object' || !('statusOf' in only)) return undefined;
  const statuses = word !== undefined && Object.hasOwn(STATUSES, word) ? STATUSES[word] : undefined;
  if (!statuses)
    throw new NotTranslatable(`compares a status with ${celText(word ?? 'what is no word')}`);
  return joined(
    '&&',
    only.statusOf.map((id) => hasStatus(id, statuses)),
  );
}

/** Text that stands for a number. */
function sized(pieces: readonly Piece[]): string {
  const text = staticText(pieces);
  if (text === undefined) return `double(${textCel(pieces)})`;
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value))
    throw new NotTranslatable(`compares the size of ${celText(text)}`);
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function truth(pieces: readonly Piece[]): string {
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === 'object' && 'cel' in only && only.type === 'bool')
    return only.cel;
  const text = staticText(pieces)?.trim();
  if (text === 'true' || text === 'false') return text;
  if (text !== undefined) throw new NotTranslatable(`is ${celText(text)}, neither true nor false`);
  return `${textCel(pieces)} == "true"`;
}
