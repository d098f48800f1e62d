/**
 * GitHub Actions: jobs become nodes, `needs` their dependencies, a static matrix as many nodes as it has jobs. What a job
 * does stays together in its node's input.
 */
import { isObject, jsonBytes, preview, setOwn, type JsonObject } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { inTemplate, mapStrings, optional, outputOf, plain } from './cel.js';
import { Budget, keptAsInput, refused, type NewNode, type Settled } from './conversion.js';
import { BOTH_DAYS, namesBothDays } from './cron.js';
import { conditionOf, type JobScope, type Needed } from './github-condition.js';
import { limitOf } from './github-limit.js';
import { matrixOf, type Dynamic, type Matrix, type MatrixJob } from './github-matrix.js';
import { GithubParams } from './github-params.js';
import { asText, resolveAll, resolveText, withItem } from './github-values.js';
import { nodeNames, type Names } from './ids.js';
import { NotTranslatable, parseLogic } from './logic.js';
import type { Source } from './source.js';

/** What a job says of its work, as it stands in the file. */
const WORK = ['runs-on', 'container', 'services', 'steps', 'uses', 'with', 'secrets', 'outputs'];
/** GitHub's own: a job is never run again by itself, and has six hours. */
const DEFAULTS = { retry: 'NONE', timeout: '6h' } as const;
/** GitHub runs what is ready as far as it has runners. */
const CONCURRENCY = 100;

interface Job {
  source: Source;
  matrix: Matrix;
  nodes: Needed[];
  needs: string[];
}

/** @throws TaskError where it is no workflow */
export function fromGithub(source: Source, settled: Settled): GraphSpec {
  if (!isObject(source.value) || !isObject(source.value['jobs']))
    throw refused(
      'this is no GitHub Actions workflow: expected an object "jobs" of jobs by name, such as jobs: { build: { … } }',
    );
  return new GithubConversion(source, settled).spec();
}

class GithubConversion {
  private readonly params = new GithubParams();
  private readonly jobs = new Map<string, Job>();
  private readonly ids: Names = nodeNames();
  private readonly budget = new Budget();

  constructor(
    private readonly source: Source,
    private readonly settled: Settled,
  ) {}

  spec(): GraphSpec {
    const name = this.source.get('name').text()?.trim().slice(0, 200) || this.settled.name;
    this.events(this.source.get('on'));
    for (const [job, source] of this.source.get('jobs').entries()) this.take(job, source);
    if (this.jobs.size === 0)
      throw refused('jobs: the workflow has none, so there is nothing to run');
    for (const job of this.jobs.values()) job.needs = this.needsOf(job);
    const tasks = [...this.jobs.values()].flatMap((job) => this.nodesOf(job));
    this.loseWorkflow();
    const { specs } = this.params;
    return {
      name,
      ...(Object.keys(specs).length === 0 ? {} : { params: specs }),
      concurrency: CONCURRENCY,
      defaults: DEFAULTS,
      tasks,
    };
  }

  private events(on: Source): void {
    if (!isObject(on.value)) {
      if (on.given) on.lose(`${[on.value].flat().join(', ')} does not start the pipeline; ${HOW}`);
      return;
    }
    for (const [event, source] of on.entries()) {
      if (event === 'workflow_dispatch' || event === 'workflow_call')
        this.params.declare(source.get('inputs'));
      else if (event === 'schedule') schedule(source);
      else source.lose(`${event} does not start the pipeline; ${HOW}`);
    }
  }

  private take(name: string, source: Source): void {
    if (!isObject(source.value))
      throw refused(`jobs.${name}: expected an object, got ${preview(source.value)}`);
    const strategy = source.get('strategy');
    const matrix = matrixOf(strategy.get('matrix'));
    const allows = source.get('continue-on-error');
    const nodes = matrix.jobs.map((one) => ({
      id: this.ids.fresh([name, one.name].filter((part) => part !== '').join('-')),
      allowFailure: allowsFailure(allows, one),
    }));
    const several = matrix.jobs.length > 1;
    const fast = strategy.get('fail-fast');
    if (fast.flag() !== false && (several || matrix.dynamic || fast.given))
      strategy.losses.add(
        fast.path,
        'fail-fast',
        'where one job of the matrix fails, the others go on; a graph that should stop says onFailure: failFast',
      );
    const most = strategy.get('max-parallel');
    if (most.given) most.lose('not held to; a limit of the nodes, or concurrency, bounds them');
    this.jobs.set(name, { source, matrix, nodes, needs: [] });
  }

  /** Names of the jobs that it needs; those that are not there are a loss. */
  private needsOf({ source }: Job): string[] {
    const needs = source.get('needs');
    const named = Array.isArray(needs.value) ? needs.items() : needs.given ? [needs] : [];
    const found = named.flatMap((one) => {
      const name = one.text();
      if (name === undefined) return [];
      if (this.jobs.has(name)) return [name];
      one.lose(`there is no job ${preview(name)}; it is not waited for`);
      return [];
    });
    return [...new Set(found)];
  }

  private nodesOf(job: Job): NewNode[] {
    const { source, matrix, nodes } = job;
    const scope = this.scopeOf(job);
    const condition = conditionOf(source.get('if'), scope);
    const limit = limitOf(source.get('concurrency'), this.params);
    const over = this.overOf(matrix, scope);
    const dependsOn = [...scope.needs.values()].flat().map(({ id }) => id);
    this.loseWork(source);
    return matrix.jobs.map((one, index) => {
      const { id = '', allowFailure = false } = nodes[index] ?? {};
      const description = this.titleOf(source, one);
      const timeout = timeoutOf(source.get('timeout-minutes'), one);
      const dynamic = over === undefined ? undefined : matrix.dynamic;
      const input = this.inputOf(source, one, dynamic);
      return {
        id,
        task: this.settled.task,
        ...(description === undefined || description === id ? {} : { description }),
        ...(dependsOn.length === 0 ? {} : { dependsOn }),
        ...condition,
        ...(allowFailure ? { allowFailure } : {}),
        ...(timeout === undefined ? {} : { timeout }),
        ...(limit === undefined ? {} : { limit }),
        ...(over === undefined ? {} : { map: { over } }),
        ...(Object.keys(input).length === 0 ? {} : { input }),
      };
    });
  }

  private scopeOf(job: Job): JobScope {
    const needs = new Map(job.needs.map((name) => [name, this.jobs.get(name)?.nodes ?? []]));
    return { needs, ancestors: () => this.ancestorsOf(job), params: this.params };
  }

  private ancestorsOf(job: Job): Needed[] {
    const before = new Set(job.needs);
    for (const name of before) for (const one of this.jobs.get(name)?.needs ?? []) before.add(one);
    return [...before].flatMap((name) => this.jobs.get(name)?.nodes ?? []);
  }

  /** The list of a matrix that only a run knows: `${{ fromJSON(needs.a.outputs.list) }}`. */
  private overOf({ dynamic }: Matrix, { needs }: JobScope): string | undefined {
    if (!dynamic) return undefined;
    const { expression, key = 'include' } = dynamic;
    const text = expression.text() ?? '';
    try {
      const logic = parseLogic(text.replace(/^\s*\$\{\{([\s\S]*)\}\}\s*$/, '$1'));
      const [list] = logic.kind === 'call' && /^fromjson$/i.test(logic.name) ? logic.args : [];
      const [root, job = '', field, ...rest] = list?.kind === 'ref' ? list.path.map(String) : [];
      const node = root === 'needs' && field === 'outputs' ? needs.get(job)?.at(-1) : undefined;
      if (node && rest.length > 0) {
        expression.losses.add(
          expression.path,
          key,
          `a map over ${list?.kind === 'ref' ? list.path.join('.') : text}, which has to be a list here, not JSON text`,
        );
        return optional(outputOf(node.id), rest, '[]');
      }
    } catch (error) {
      if (!(error instanceof NotTranslatable)) throw error;
    }
    expression.lose(`the list ${preview(text)} is known only to GitHub; the job runs once`);
    return undefined;
  }

  private titleOf(source: Source, { values }: MatrixJob): string | undefined {
    const title = source.get('name').text();
    if (title === undefined) return undefined;
    return asText(resolveText(title, values)).trim().slice(0, 1_000) || undefined;
  }

  private inputOf(source: Source, { values }: MatrixJob, dynamic: Dynamic | undefined): JsonObject {
    const input: JsonObject = {};
    for (const key of WORK) if (source.get(key).given) setOwn(input, key, source.get(key).take());
    // Another workflow that is called gets neither of these.
    for (const key of source.get('steps').given ? ['env', 'defaults'] : []) {
      const [whole, own] = [this.source.get(key), source.get(key)];
      if (!whole.given && !own.given) continue;
      const [outer, inner] = [whole.take(), own.take()];
      const both = isObject(outer) && isObject(inner);
      setOwn(input, key, both ? { ...outer, ...inner } : own.given ? inner : outer);
    }
    this.budget.spend(jsonBytes(input));
    const inText = (text: string): string =>
      dynamic === undefined ? plain(text) : withItem(text, dynamic.key);
    const known = mapStrings(resolveAll(input, values), inText) as JsonObject;
    if (dynamic && dynamic.key === undefined) return { matrix: inTemplate('item'), ...known };
    const matrix = mapStrings(values ?? {}, plain) as JsonObject;
    if (dynamic?.key !== undefined) setOwn(matrix, dynamic.key, inTemplate('item'));
    return { ...(Object.keys(matrix).length === 0 ? {} : { matrix }), ...known };
  }

  /** Says what of a job's work does not run here. */
  private loseWork(source: Source): void {
    const say = (key: string, message: string): void => {
      const part = source.get(key);
      if (part.given) part.losses.add(part.path, key, message);
    };
    const { task } = this.settled;
    const steps = source.get('steps').value;
    const count = Array.isArray(steps) ? steps.length : 0;
    const also = ['runs-on', 'env', 'defaults'].filter((key) => source.get(key).given);
    const what = [`${count} ${count === 1 ? 'step' : 'steps'}`, ...also].join(', ');
    const verb = count === 1 && also.length === 0 ? 'is' : 'are';
    say('steps', keptAsInput(`${what} ${verb}`, task));
    say(
      'uses',
      `${keptAsInput('the call of another workflow is', task)}; convert that one too, and name it under graph`,
    );
    say('container', 'the image that the steps run in is kept in the input; nothing starts it');
    say('services', 'kept in the input; nothing starts these containers');
    say(
      'secrets',
      'the references to secrets are kept in the input as text; nothing looks them up',
    );
    say(
      'outputs',
      `kept in the input; the task has to give them as its output: ${outputNames(source.get('outputs'))}`,
    );
    const environment = source.get('environment');
    if (environment.given)
      environment.lose('left out; where it has reviewers, put an approval before this node');
    const permissions = source.get('permissions');
    if (permissions.given)
      permissions.lose('rights of a GitHub token have no counterpart; left out');
  }

  private loseWorkflow(): void {
    const permissions = this.source.get('permissions');
    if (permissions.given)
      permissions.lose('rights of a GitHub token have no counterpart; left out');
    const concurrency = this.source.get('concurrency');
    if (concurrency.given)
      concurrency.lose(
        'runs of the pipeline do not exclude each other; a schedule has an overlap policy, nodes have a limit',
      );
    const runName = this.source.get('run-name');
    if (runName.given) runName.lose('left out; an execution is named by its id and its metadata');
  }
}

const HOW = 'start it by command or API, or make a schedule';

function schedule(source: Source): void {
  for (const entry of source.items()) {
    const cron = entry.get('cron').text();
    entry.lose(
      `left out; tempograph schedule create --cron ${preview(cron ?? '')} makes it${namesBothDays(cron ?? '') ? `; ${BOTH_DAYS}` : ''}`,
      'schedule',
    );
  }
}

const outputNames = (source: Source): string =>
  isObject(source.value) ? preview(Object.keys(source.value).join(', '), 200).slice(1, -1) : '';

/** True, or an expression that is so for this job of the matrix. */
function allowsFailure(source: Source, { values }: MatrixJob): boolean {
  if (!source.given) return false;
  const value = resolveAll(source.take(), values);
  if (typeof value === 'boolean') return value;
  source.lose(`${preview(value)} is known only at run time; a failure of the job counts`);
  return false;
}

function timeoutOf(source: Source, { values }: MatrixJob): string | undefined {
  if (!source.given) return undefined;
  const minutes = Number(resolveAll(source.take(), values));
  if (minutes > 0 && minutes <= 5_000_000) return `${minutes}m`;
  source.lose(`${preview(source.value)} is no number of minutes that is known; six hours instead`);
  return undefined;
}
