/** Images: there or pulled, and by which digest. */
import { createInterface } from 'node:readline';
import type Dockerode from 'dockerode';
import { messageOf, TaskError } from '../domain/errors.js';
import type { ContainerSpec } from '../domain/program.js';
import type { Engine } from './engine.js';
import { engineFailed, isTold, reasonOf, statusOf } from './engine-error.js';

export type PullPolicy = NonNullable<ContainerSpec['pull']>;

/** An image of the engine, as it stands: what runs is this one, also if its name is given to another meanwhile. */
export interface PinnedImage {
  id: string;
  /** `<repository>@sha256:…`; the image's id where no registry knows it. */
  digest: string;
  /** Places that it declares as volumes. */
  volumes: string[];
}

/** Login for a registry. */
export interface RegistryLogin {
  username: string;
  password: string;
}

export interface ImageSettings {
  /** By the registry's host, such as `ghcr.io`; `docker.io` for names without one. */
  registries?: Readonly<Record<string, RegistryLogin>>;
}

export class Images {
  /** One pull at a time for a name: attempts that come meanwhile wait for it. */
  private readonly pulling = new Map<string, Promise<void>>();

  constructor(private readonly settings: ImageSettings = {}) {}

  /**
   * The image to run, pulled as the policy says.
   *
   * @throws TaskError CONFIGURATION when there is none of that name, or it is not for us; ENVIRONMENT when the registry
   *   did not answer
   */
  async take(
    engine: Engine,
    name: string,
    policy: PullPolicy,
    signal: AbortSignal,
  ): Promise<PinnedImage> {
    const there = await here(engine, name, policy);
    if (there) return there;
    await aborting(this.pull(engine, name), signal);
    const pulled = await look(engine, name);
    if (pulled) return pulled;
    throw missing(name, 'it was pulled, and yet the engine has none of that name');
  }

  /**
   * Whether {@link take} would find the image. Nothing is pulled: for one that would be, the engine asks its registry.
   *
   * @param asking called before a registry is asked
   * @returns where it is; `unknown` where this engine cannot ask without pulling
   * @throws TaskError as {@link take} does, and CONFIGURATION for a registry whose name does not resolve
   */
  async find(
    engine: Engine,
    name: string,
    policy: PullPolicy,
    signal: AbortSignal,
    asking: () => void,
  ): Promise<'engine' | 'registry' | 'unknown'> {
    if (await here(engine, name, policy)) return 'engine';
    // It has no such question.
    if (engine.facts.name === 'podman') return 'unknown';
    asking();
    await askRegistry(engine, name, this.loginFor(name), signal);
    return 'registry';
  }

  private pull(engine: Engine, name: string): Promise<void> {
    const running = this.pulling.get(name);
    if (running) return running;
    const started = pull(engine, name, this.loginFor(name)).finally(() =>
      this.pulling.delete(name),
    );
    this.pulling.set(name, started);
    return started;
  }

  private loginFor(name: string): RegistryLogin | undefined {
    return this.settings.registries?.[splitName(name).registry];
  }
}

/** `ghcr.io/a/b:1` in its parts; `tag` is a digest where the name has one. */
export function splitName(name: string): { registry: string; repository: string; tag: string } {
  const [, repository = name, digest] = /^([^@]+)@(.+)$/.exec(name) ?? [];
  const [, plain = repository, tag] = /^(.+):([^:/]+)$/.exec(repository) ?? [];
  const [first = '', ...rest] = plain.split('/');
  // The first part is a host when it looks like one, as Docker has it.
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return {
    registry: isHost ? first : 'docker.io',
    repository: plain,
    tag: digest ?? tag ?? 'latest',
  };
}

/** What is run without a pull; undefined where one is to be tried. @throws TaskError CONFIGURATION where none may be */
async function here(
  engine: Engine,
  name: string,
  policy: PullPolicy,
): Promise<PinnedImage | undefined> {
  if (policy === 'always') return undefined;
  const there = await look(engine, name);
  if (there || policy === 'missing') return there;
  throw missing(name, 'the engine has none of that name, and container.pull is never');
}

async function look({ docker }: Engine, name: string): Promise<PinnedImage | undefined> {
  try {
    const image = await docker.getImage(name).inspect();
    const { repository } = splitName(name);
    const digests = image.RepoDigests ?? [];
    const own = digests.find((one) => one.startsWith(`${repository}@`)) ?? digests[0];
    return {
      id: image.Id,
      digest: own ?? image.Id,
      volumes: Object.keys(image.Config?.Volumes ?? {}),
    };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    if (statusOf(error) === 400) throw missing(name, reasonOf(error), error);
    throw engineFailed(`image ${name} could not be looked at`, error);
  }
}

async function pull(
  { docker }: Engine,
  name: string,
  login: RegistryLogin | undefined,
): Promise<void> {
  const { repository, tag } = splitName(name);
  try {
    const progress = await docker.createImage({
      ...loginAs(name, login),
      fromImage: repository,
      tag,
    });
    await progressTold(progress);
  } catch (error) {
    throw pullFailed(name, error);
  }
}

const loginAs = (
  name: string,
  login: RegistryLogin | undefined,
): { authconfig?: Dockerode.AuthConfig } =>
  login ? { authconfig: { ...login, serveraddress: splitName(name).registry } } : {};

/** Has the engine ask the registry for the image's manifest. dockerode's own `distribution` could not be given up. */
async function askRegistry(
  { docker }: Engine,
  name: string,
  login: RegistryLogin | undefined,
  signal: AbortSignal,
): Promise<void> {
  const request = {
    path: `/distribution/${name}/json`,
    method: 'GET',
    statusCodes: { 200: true, 500: 'server error' },
    abortSignal: signal,
    ...loginAs(name, login),
  };
  const modem = docker.modem as {
    dial(request: object, done: (error: Error | null) => void): void;
  };
  try {
    await new Promise<void>((resolve, reject) =>
      modem.dial(request, (error) => (error ? reject(error) : resolve())),
    );
  } catch (error) {
    const reason = reasonOf(error);
    // Something before the engine that lets no such question through, or an engine that does not know it.
    if (!isTold(error) || reason === 'page not found')
      throw engineFailed(`image ${name} could not be looked up`, error);
    // A pull is tried again, since a resolver may come back; beforehand it is a name that nobody knows.
    if (NO_HOST.test(reason)) throw missing(name, reason, error);
    throw pullFailed(name, error, 'looked up');
  }
}

/**
 * Reads a pull's progress to its end. The status was 200 before the pull began: that it failed stands in a line.
 * dockerode's own `followProgress` passes over such lines.
 */
async function progressTold(progress: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: progress })) {
    const said = line.trim() === '' ? {} : (JSON.parse(line) as { error?: string });
    if (said.error !== undefined) throw new Error(said.error);
  }
}

/** Engines say it in words, and registries in others; Docker adds 404. */
const NOT_THERE =
  /not found|manifest unknown|name unknown|no such image|does not exist|denied|unauthorized|authentication required|forbidden|invalid reference/i;
/** Also says "not found" or "denied", and is about the way to the registry. */
const ON_THE_WAY = /no such host|dial tcp|lookup |connection refused|timeout|too ?many ?requests/i;

const NO_HOST = /no such host/i;

function pullFailed(name: string, error: unknown, what = 'pulled'): TaskError {
  const reason = reasonOf(error);
  const about = statusOf(error) === 404 || (!ON_THE_WAY.test(reason) && NOT_THERE.test(reason));
  return about
    ? missing(name, reason, error)
    : engineFailed(`image ${name} could not be ${what}`, error);
}

function missing(name: string, why: string, cause?: unknown): TaskError {
  return new TaskError('CONFIGURATION', `image ${name}: ${why}`, {
    cause,
    details: { image: name },
  });
}

/** The promise, or the signal's end, whichever comes first. */
async function aborting<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw new Error(messageOf(signal.reason));
  let onAbort: (() => void) | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        onAbort = () => reject(new Error(messageOf(signal.reason)));
        signal.addEventListener('abort', onAbort);
      }),
    ]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
    promise.catch(() => undefined); // it goes on, for whoever else waits
  }
}
