/**
 * A job's `if` as a trigger rule and a condition.
 *
 * Without a status function GitHub means `success() && …`, which is the rule all_success. With one the job may run after
 * a failure: it waits for all of its needs (all_done), and the condition looks at their statuses.
 */
import { preview } from '../domain/json.js';
import type { TriggerRule } from '../domain/trigger.js';
import {
  celLiteral,
  celText,
  FAILED,
  hasStatus,
  joined,
  negated,
  optional,
  outputOf,
  statusOf,
} from './cel.js';
import type { GithubParams } from './github-params.js';
import { asText as textOf, valueOf } from './github-values.js';
import { allOf, NotTranslatable, parseLogic, partsOf, type Logic } from './logic.js';
import type { Source } from './source.js';

/** A node that a condition may look at. */
export interface Needed {
  id: string;
  allowFailure: boolean;
}

/** What stands around a job. */
export interface JobScope {
  /** The nodes of each job that it needs, by the job's name. */
  needs: ReadonlyMap<string, readonly Needed[]>;
  /** The nodes of everything before it. */
  ancestors(): readonly Needed[];
  params: GithubParams;
}

export interface JobCondition {
  trigger?: TriggerRule;
  when?: string;
  /** A cancel does not keep it from running. */
  onCancel?: 'run';
}

const STATUS_FUNCTIONS = new Set(['success', 'failure', 'always', 'cancelled']);

/** The condition; one that cannot be said here is a loss, and the job runs whatever it says. */
export function conditionOf(source: Source, scope: JobScope): JobCondition {
  const text = source.text();
  if (text === undefined || text.trim() === '') return {};
  try {
    return translated(parseLogic(unwrapped(text)), scope, source);
  } catch (error) {
    if (!(error instanceof NotTranslatable)) throw error;
    const waits = /\b(always|failure|cancelled)\s*\(/.test(text) && scope.needs.size > 0;
    source.lose(`the condition ${preview(text.trim(), 200)} ${error.message}; it is left out`);
    const goesOn = /\balways\s*\(/.test(text) && !/\bcancelled\s*\(/.test(text);
    return waits ? { trigger: 'all_done', ...(goesOn ? { onCancel: 'run' } : {}) } : {};
  }
}

/** Without `${{ }}`, around the whole or around parts. */
const unwrapped = (text: string): string =>
  text.includes('${{') ? text.replace(/\$\{\{([\s\S]*?)\}\}/g, '($1)') : text;

function translated(logic: Logic, scope: JobScope, at: Source): JobCondition {
  const parts = partsOf('&&', logic);
  const condition = ruled(parts, logic, new ConditionWriter(scope, at));
  return runsOnCancel(parts, logic) ? { ...condition, onCancel: 'run' } : condition;
}

/** It asks for `always()` or `cancelled()`, and does not ask that nothing was cancelled. */
function runsOnCancel(parts: readonly Logic[], logic: Logic): boolean {
  const asks = allOf(logic).map(functionOf);
  return (asks.includes('always') || asks.includes('cancelled')) && !parts.some(isNotCancelled);
}

function ruled(
  parts: readonly Logic[],
  logic: Logic,
  cel: ConditionWriter,
): Pick<JobCondition, 'trigger' | 'when'> {
  const { scope } = cel;
  const asks = allOf(logic).some((one) => STATUS_FUNCTIONS.has(functionOf(one)));
  if (scope.needs.size === 0 || !asks) return withWhen({}, cel.all(parts));
  const rest = parts.filter((part) => !isCall(part, 'success') && !isAlways(part));
  const asksStill = rest.some((part) =>
    allOf(part).some((one) => STATUS_FUNCTIONS.has(functionOf(one))),
  );
  if (parts.some((part) => isCall(part, 'success')) && !asksStill)
    return withWhen({}, cel.all(rest));
  const single = [...scope.needs.values()].flat().length === 1;
  const [failure] = rest;
  if (single && failure && isCall(failure, 'failure'))
    return withWhen({ trigger: 'one_failed' }, cel.all(rest.slice(1)));
  return withWhen({ trigger: 'all_done' }, cel.all(rest.length < parts.length ? rest : parts));
}

const withWhen = (condition: JobCondition, when: string): JobCondition =>
  when === 'true' ? condition : { ...condition, when };

const functionOf = (logic: Logic): string =>
  logic.kind === 'call' && logic.args.length === 0 ? logic.name.toLowerCase() : '';

const isCall = (logic: Logic, name: string): boolean => functionOf(logic) === name;

const isNotCancelled = (logic: Logic): boolean =>
  logic.kind === 'not' && isCall(logic.of, 'cancelled');

/** `always()`, and `!cancelled()`: in a graph that is cancelled only what says `onCancel: run` still runs. */
const isAlways = (logic: Logic): boolean => isCall(logic, 'always') || isNotCancelled(logic);

/** What is compared: an expression, and whether it can only be text. */
interface Operand {
  cel: string;
  text: boolean;
  /** Set where it stands in the source as it is. */
  literal?: string | number | boolean | null;
  /** The parameter that it is. */
  param?: string;
}

class ConditionWriter {
  constructor(
    readonly scope: JobScope,
    private readonly at: Source,
  ) {}

  /** All of them; `true` where there is none. */
  all(parts: readonly Logic[]): string {
    const written = parts.map((part) => this.condition(part)).filter((part) => part !== 'true');
    if (written.includes('false')) return 'false';
    return written.length === 0 ? 'true' : joined('&&', written);
  }

  private condition(logic: Logic): string {
    const known = valueOf(logic, {});
    if (known) return String(!(known.value === '' || known.value === 0 || !known.value));
    switch (logic.kind) {
      case 'not':
        return this.opposite(this.condition(logic.of));
      case 'binary':
        return this.binary(logic);
      case 'call':
        return this.call(logic);
      case 'ref': {
        const { cel, param } = this.operand(logic);
        if (param !== undefined) this.scope.params.loosen(param);
        return `!(${cel} in ["", "false", false, 0, null])`;
      }
      case 'value':
      case 'choose':
        throw new NotTranslatable('has a part that is no condition');
    }
  }

  private opposite(cel: string): string {
    if (cel === 'true' || cel === 'false') return String(cel === 'false');
    return negated(cel);
  }

  private binary({ operator, left, right }: Extract<Logic, { kind: 'binary' }>): string {
    if (operator === '&&') return this.all([...partsOf('&&', left), ...partsOf('&&', right)]);
    if (operator === '||') {
      const parts = [...partsOf('||', left), ...partsOf('||', right)].map((one) =>
        this.condition(one),
      );
      const open = parts.filter((part) => part !== 'false');
      if (open.includes('true')) return 'true';
      return open.length === 0 ? 'false' : joined('||', open);
    }
    if (operator === '==' || operator === '!=') {
      const equal = this.equal(left, right);
      return operator === '==' ? equal : this.unequal(equal);
    }
    if (['<', '<=', '>', '>='].includes(operator)) {
      const [a, b] = [this.operand(left), this.operand(right)];
      return `${asDouble(a)} ${operator} ${asDouble(b)}`;
    }
    throw new NotTranslatable(`uses ${operator}, which GitHub does not know`);
  }

  /** `a == b` turned round is `a != b`; anything else gets a `!`. */
  private unequal(equal: string): string {
    const [, left, right] = /^([^&|]*) == ("(?:[^"\\]|\\.)*"|[\w.-]+)$/.exec(equal) ?? [];
    return left === undefined || right === undefined ? negated(equal) : `${left} != ${right}`;
  }

  private equal(left: Logic, right: Logic): string {
    const result = resultOf(left) ?? resultOf(right);
    if (result !== undefined) return this.hasResult(result, resultOf(left) ? right : left);
    const [a, b] = [this.operand(left), this.operand(right)];
    const literal = 'literal' in a ? a : 'literal' in b ? b : undefined;
    if (!literal) return `${asText(a)} == ${asText(b)}`;
    const other = literal === a ? b : a;
    if (typeof literal.literal === 'string') return `${asText(other)} == ${literal.cel}`;
    if (literal.literal === null) return `${asText(other)} == ""`;
    if (other.param !== undefined) this.scope.params.loosen(other.param);
    return `${other.cel} == ${literal.cel}`;
  }

  /** `needs.a.result == 'success'` */
  private hasResult(job: string, compared: Logic): string {
    if (compared.kind !== 'value' || typeof compared.value !== 'string')
      throw new NotTranslatable(`compares needs.${job}.result with what is no text`);
    const nodes = this.nodesOf(job);
    switch (compared.value.toLowerCase()) {
      case 'success':
        return every(nodes, ({ allowFailure }) =>
          allowFailure ? ['COMPLETED', ...FAILED] : ['COMPLETED'],
        );
      case 'failure':
        return some(
          nodes.filter(({ allowFailure }) => !allowFailure),
          FAILED,
        );
      case 'cancelled':
        return some(nodes, ['CANCELLED']);
      case 'skipped':
        return every(nodes, () => ['SKIPPED']);
      default:
        throw new NotTranslatable(`compares a result with ${preview(compared.value)}`);
    }
  }

  private call(logic: Extract<Logic, { kind: 'call' }>): string {
    const needed = [...this.scope.needs.values()].flat();
    switch (functionOf(logic)) {
      case 'always':
        return 'true';
      case 'success':
        return every(needed, ({ allowFailure }) =>
          allowFailure ? ['COMPLETED', ...FAILED] : ['COMPLETED'],
        );
      case 'failure':
        return some(
          this.scope.ancestors().filter(({ allowFailure }) => !allowFailure),
          FAILED,
        );
      case 'cancelled':
        return some(this.scope.ancestors(), ['CANCELLED']); // on a cancel, what was under way is
    }
    const [first, second] = logic.args;
    const name = logic.name.toLowerCase();
    if (!first || !second || !['contains', 'startswith', 'endswith'].includes(name))
      throw new NotTranslatable(`calls ${logic.name}(), which has no counterpart`);
    if (name === 'contains' && first.kind === 'ref' && first.path.join('.') === 'needs.*.result')
      return this.anyResult(second);
    const list = name === 'contains' ? valueOf(first, {})?.value : undefined;
    if (Array.isArray(list))
      return `${asText(this.operand(second))} in [${list.map((item) => celText(textOf(item))).join(', ')}]`;
    const method = { contains: 'contains', startswith: 'startsWith', endswith: 'endsWith' }[name];
    return `${asText(this.operand(first))}.${method}(${asText(this.operand(second))})`;
  }

  private anyResult(compared: Logic): string {
    const parts = [...this.scope.needs.keys()].map((job) => this.hasResult(job, compared));
    const open = parts.filter((part) => part !== 'false');
    return open.length === 0 ? 'false' : joined('||', open);
  }

  private operand(logic: Logic): Operand {
    const known = valueOf(logic, {});
    if (known) {
      const { value } = known;
      if (typeof value === 'object' && value !== null)
        throw new NotTranslatable('compares a list or an object');
      return { cel: celLiteral(value), text: typeof value === 'string', literal: value };
    }
    if (logic.kind !== 'ref') return { cel: this.condition(logic), text: false };
    const { path } = logic;
    const [root, job, field, ...rest] = path.map(String);
    if (root === 'needs' && field === 'outputs' && job !== undefined && rest.length > 0) {
      const node = this.nodesOf(job).at(-1);
      if (node) return { cel: optional(outputOf(node.id), rest, '""'), text: false };
    }
    const param = this.scope.params.read(path, this.at);
    if (!param) throw new NotTranslatable(`reads ${path.join('.')}, which is known only to GitHub`);
    return { cel: param.cel, text: param.text, param: param.name };
  }

  private nodesOf(job: string): readonly Needed[] {
    const nodes = this.scope.needs.get(job);
    if (!nodes) throw new NotTranslatable(`reads needs.${job}, but the job does not need ${job}`);
    return nodes;
  }
}

const asText = ({ cel, text, literal }: Operand): string =>
  literal !== undefined ? celText(String(literal ?? '')) : text ? cel : `string(${cel})`;

function asDouble({ cel, literal }: Operand): string {
  if (literal === undefined) return `double(string(${cel}))`;
  const value = Number(literal);
  if (Number.isNaN(value)) throw new NotTranslatable('compares the size of text');
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** The job of `needs.<job>.result`. */
function resultOf(logic: Logic): string | undefined {
  if (logic.kind !== 'ref' || logic.path.length !== 3) return undefined;
  const [root, job, field] = logic.path;
  return root === 'needs' && field === 'result' ? String(job) : undefined;
}

/** From so many nodes on their statuses are gathered in a list. */
const MANY = 3;

function every(nodes: readonly Needed[], wanted: (node: Needed) => readonly string[]): string {
  const [first] = nodes;
  if (!first) return 'true';
  const same = nodes.every((node) => wanted(node).length === wanted(first).length);
  if (nodes.length > MANY && same) return gathered(nodes, 'all', wanted(first));
  return joined(
    '&&',
    nodes.map((node) => hasStatus(node.id, wanted(node))),
  );
}

function some(nodes: readonly Needed[], wanted: readonly string[]): string {
  if (nodes.length === 0) return 'false';
  if (nodes.length > MANY) return gathered(nodes, 'exists', wanted);
  return joined(
    '||',
    nodes.map((node) => hasStatus(node.id, wanted)),
  );
}

function gathered(
  nodes: readonly Needed[],
  macro: 'all' | 'exists',
  wanted: readonly string[],
): string {
  const list = nodes.map(({ id }) => statusOf(id)).join(', ');
  return `[${list}].${macro}(s, s in [${wanted.map(celText).join(', ')}])`;
}
