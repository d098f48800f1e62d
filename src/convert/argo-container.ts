/** What a container of Argo says of its image, its variables and its resources, as a program's. */
import { parseBytes } from '../domain/bytes.js';
import { preview } from '../domain/json.js';
import type { ContainerSpec } from '../domain/program.js';
import type { TaskOptionsInput } from '../domain/spec.js';
import type { Source } from './source.js';

type ResourcesInput = NonNullable<TaskOptionsInput['resources']>;

const PULL = { Always: 'always', IfNotPresent: 'missing', Never: 'never' } as const;
/** Resources that a program is given here. */
const GIVEN_RESOURCES: readonly string[] = ['cpu', 'memory', 'ephemeral-storage'];

/** What a container has that programs do not, and what to do instead. */
const LOST: Readonly<Record<string, string>> = {
  name: 'a container needs no name here',
  volumeMounts:
    'volumes are not mounted; pass files on as artifacts, or say mounts, which the worker must allow (containerMounts)',
  volumeDevices: 'devices are not mounted',
  ports: 'nothing listens in a container here: it has no way in',
  securityContext: 'it runs as user 65534, without capabilities, on a read-only root',
  envFrom: 'say each variable under env, and each secret under secrets',
  livenessProbe: 'nothing probes a program; say timeout',
  readinessProbe: 'nothing probes a program',
  startupProbe: 'nothing probes a program',
  lifecycle: 'there are no hooks in a container; let the program do it',
  mirrorVolumeMounts: 'volumes are not mounted',
  terminationMessagePath: 'what a program says is in its log',
  terminationMessagePolicy: 'what a program says is in its log',
  stdin: 'a program has no standard input',
  stdinOnce: 'a program has no standard input',
  tty: 'a program has no terminal',
};

/** A text as it is before the run; undefined where only the run tells. */
export type Known = (source: Source) => string | undefined;

/**
 * Image and folder of a container, with its variables (`argo-variables.ts`); what runs in it is `argo-program.ts`'s. All
 * else that it says is a loss.
 *
 * @param known reads what cannot differ from run to run: image and folder
 */
export function containerOf(
  source: Source,
  variables: Pick<ContainerSpec, 'env' | 'secrets'>,
  known: Known,
): ContainerSpec {
  const pull = source.get('imagePullPolicy');
  const policy = pull.text();
  const asked = policy !== undefined && Object.hasOwn(PULL, policy);
  if (policy !== undefined && !asked)
    pull.lose(`${preview(policy)} is none of Always, IfNotPresent, Never; left out`);
  const image = known(source.get('image')) ?? '';
  const workdir = workdirOf(source.get('workingDir'), known);
  const spec = {
    image: image.trim(),
    ...(workdir === undefined ? {} : { workdir }),
    ...(asked ? { pull: PULL[policy as keyof typeof PULL] } : {}),
    ...variables,
  };
  for (const [key, message] of Object.entries(LOST)) {
    const part = source.get(key);
    if (part.given) part.lose(`${message}; left out`);
  }
  return spec;
}

function workdirOf(source: Source, known: Known): string | undefined {
  if (!source.given) return undefined;
  const text = known(source);
  if (text?.startsWith('/')) return text;
  source.lose(
    `${preview(source.value)} is no absolute path that is known before the run; left out`,
  );
  return undefined;
}

/** Limits, or what is requested where there is no limit. */
export function resourcesOf(source: Source): ResourcesInput | undefined {
  if (!source.given) return undefined;
  const [limits, requests] = [source.get('limits'), source.get('requests')];
  const found: ResourcesInput = {};
  for (const key of GIVEN_RESOURCES) {
    const at = limits.get(key).given ? limits.get(key) : requests.get(key);
    if (limits.get(key).given && requests.get(key).given)
      requests.get(key).lose('what a program may have is its limit; the request is left out');
    if (!at.given) continue;
    if (key === 'cpu') found.cpu = cpuOf(at);
    else if (key === 'memory') found.memory = bytesOf(at, '6Mi');
    else found.disk = bytesOf(at, '1Mi');
  }
  for (const part of [limits, requests].filter(({ given }) => given))
    for (const [key, one] of part.entries())
      if (!GIVEN_RESOURCES.includes(key))
        one.lose('a program is given CPU, memory and disk only; left out');
  for (const key of Object.keys(found) as (keyof ResourcesInput)[])
    if (found[key] === undefined) delete found[key];
  return Object.keys(found).length === 0 ? undefined : found;
}

/** `2`, `0.5` or `500m`. */
function cpuOf(source: Source): number | undefined {
  const text = source.text() ?? '';
  const cpu = /^\d+(\.\d+)?m$/.test(text) ? Number(text.slice(0, -1)) / 1_000 : Number(text);
  if (text.trim() === '' || !(cpu >= 0 && cpu <= 1_024)) {
    source.lose(`${preview(text)} is no number of CPUs up to 1,024; left out`);
    return undefined;
  }
  if (cpu < 0.01)
    source.losses.add(source.path, 'cpu', `${preview(text)} is raised to 0.01, the least there is`);
  return Math.max(cpu, 0.01);
}

/** `512Mi`, `1G`, or a number of bytes. */
function bytesOf(source: Source, least: string): string | number | undefined {
  const text = source.text() ?? '';
  try {
    if (parseBytes(text) >= parseBytes(least)) return text;
  } catch {
    source.lose(`${preview(text)} is no number of bytes that is known here; left out`);
    return undefined;
  }
  source.losses.add(
    source.path,
    'resources',
    `${preview(text)} is raised to ${least}, the least there is`,
  );
  return least;
}
