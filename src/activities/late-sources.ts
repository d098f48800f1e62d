/** Where a worker finds the values of `${{ env.NAME }}` and `${{ secrets.NAME }}`. Nothing is kept between attempts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TaskError } from '../domain/errors.js';
import { LATE_NAME, lateText, type LateName, type LateValues } from '../domain/late-values.js';
import { didYouMean } from '../domain/suggest.js';
import type { NodeRequest } from '../workflows/requests.js';
import { Redaction } from './redaction.js';

/** Longest value of a secret, in characters. */
const MAX_SECRET = 64 * 1_024;

/** Who asks for a secret. */
export interface SecretRequest {
  task: string;
  graph: string;
  executionId: string;
  nodeId: string;
  project?: string;
}

/** The value of a secret; undefined where there is none of that name for who asks. What it throws is retried. */
export type SecretProvider = (
  name: string,
  request: SecretRequest,
) => Promise<string | undefined> | string | undefined;

export interface LateSettings {
  /** Names of variables that inputs may read. */
  env: readonly string[];
  /** Folder with a file for each secret; null for none. */
  secretsDir: string | null;
  secrets?: SecretProvider;
}

/** What stands for the references of one input. */
export interface Late {
  valueOf: (one: LateName) => string;
  /** Takes the secrets among them out of texts. */
  redaction: Redaction;
}

export class LateSources {
  constructor(
    private readonly settings: LateSettings,
    private readonly environment: NodeJS.ProcessEnv = process.env,
  ) {}

  /**
   * The values of every reference of an input.
   *
   * @throws TaskError CONFIGURATION naming what is not allowed or not there, and the setting; ENVIRONMENT where the
   *   provider fails
   */
  async values(
    { names }: Pick<LateValues, 'names'>,
    { node, execution }: NodeRequest,
  ): Promise<Late> {
    const request: SecretRequest = {
      ...{ task: node.task, graph: execution.graph },
      ...{ executionId: execution.id, nodeId: node.id },
      ...(execution.project === undefined ? {} : { project: execution.project }),
    };
    const found = new Map<string, string>();
    const secrets = new Map<string, string>();
    for (const one of names) {
      const value =
        one.kind === 'env'
          ? this.variable(one.name)
          : await this.secret(one.name, (name) => this.find(name, request), node.task);
      found.set(lateText(one), value);
      if (one.kind === 'secrets') secrets.set(one.name, value);
    }
    return {
      valueOf: (one) => found.get(lateText(one)) ?? '',
      redaction: new Redaction(secrets),
    };
  }

  /**
   * Whether a run would find the value, as far as this worker tells beforehand. Nothing of it is kept.
   *
   * @returns false for a secret of which only the function of the setting `secrets` knows: it is asked when a task runs
   * @throws TaskError as {@link values}
   */
  async knows({ kind, name }: LateName): Promise<boolean> {
    if (kind === 'env') this.variable(name);
    else if (this.settings.secrets) return false;
    else await this.secret(name, (one) => this.stored(one));
    return true;
  }

  private variable(name: string): string {
    const { env } = this.settings;
    if (!env.includes(name)) {
      const hint = didYouMean(name, env) ?? 'add it to the setting env (TEMPOGRAPH_ENV)';
      throw new TaskError(
        'CONFIGURATION',
        `env.${name}: this worker lets no input read the variable ${name}; ${hint}`,
      );
    }
    const value = this.environment[name];
    if (value === undefined)
      throw new TaskError(
        'CONFIGURATION',
        `env.${name}: the variable ${name} is not set in the environment of this worker`,
      );
    return value;
  }

  private async secret(
    name: string,
    find: (name: string) => Promise<string | undefined>,
    task = '',
  ): Promise<string> {
    const place = lateText({ kind: 'secrets', name });
    // Such as `../../etc/shadow`, which would be read beside the folder of secrets.
    if (!LATE_NAME.test(name))
      throw new TaskError('CONFIGURATION', `${place}: this is no name of a secret`);
    const value = await find(name);
    if (value === undefined) {
      const { secrets, secretsDir } = this.settings;
      const folder = secretsDir === null ? 'no folder (secretsDir)' : secretsDir;
      const where = secrets
        ? `the function of the setting "secrets" knows none of that name for task ${task}`
        : `neither the variable ${variableOf(name)} nor a file of that name in ${folder} is there`;
      throw new TaskError('CONFIGURATION', `${place}: this worker has no such secret; ${where}`);
    }
    if (typeof value !== 'string' || value === '' || value.length > MAX_SECRET)
      throw new TaskError(
        'CONFIGURATION',
        `${place}: the value of a secret is a text of 1 to ${MAX_SECRET} characters; this one is ${typeof value === 'string' ? `of ${value.length}` : `no text`}`,
      );
    return value;
  }

  private async find(name: string, request: SecretRequest): Promise<string | undefined> {
    const { secrets } = this.settings;
    if (!secrets) return await this.stored(name);
    try {
      return await secrets(name, request);
    } catch (error) {
      throw new TaskError(
        'ENVIRONMENT',
        `secrets.${name}: the function of the setting "secrets" failed: ${messageOf(error)}`,
      );
    }
  }

  private async stored(name: string): Promise<string | undefined> {
    const { secretsDir } = this.settings;
    const variable = this.environment[variableOf(name)];
    if (variable !== undefined) return variable;
    return secretsDir === null ? undefined : await fileValue(join(secretsDir, name), name);
  }
}

const variableOf = (name: string): string => `TEMPOGRAPH_SECRET_${name}`;

/** A file's text without the line break at its end. */
async function fileValue(file: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new TaskError('ENVIRONMENT', `secrets.${name}: ${file} cannot be read (${code})`);
  }
}
