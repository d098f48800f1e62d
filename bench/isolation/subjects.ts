/** What is measured: each way to run a program, and what it is beside. */
import { performance } from 'node:perf_hooks';
import type { ProgramInput } from '../../src/builder.js';
import { PROGRAM_KINDS, type ProgramKind, type Runtime } from '../../src/domain/program.js';
import { ContainerRunner } from '../../src/runners/container.js';
import { FaasRunner } from '../../src/runners/faas.js';
import { ProgramProcessRunner } from '../../src/runners/program-process.js';
import type { Runner } from '../../src/runners/runner.js';
import { findRuntimes } from '../../src/sandbox/runtimes.js';
import { BUSYBOX, lacksDocker, startDocker } from '../../test/support/docker.js';
import { startLoopback } from '../../test/support/loopback.js';
import type { Stage } from '../graphs/stage.js';
import { BUSYBOX_SHELL, CODE, SHELL, uptimeMs, type Answer, type Side } from './programs.js';
import * as raw from './raw.js';

export interface Subject {
  key: string;
  kind: ProgramKind;
  name: string;
  program: ProgramInput;
  resources: { cpu: number; memory: number };
  /** Milliseconds by the clock that its program reads. */
  now: () => number;
  raw: Readonly<Record<string, Side>>;
}

/** Subjects of one kind, and the runner that ours run by. */
export interface Scene {
  runner: Runner;
  /** One whose sandboxes wait, for subjects of a runtime. */
  warm?: { runner: Runner; filled: () => Promise<void> };
  subjects: readonly Subject[];
}

const MIB = 2 ** 20;
/** Programs at once, and the grace of one that is to stop: neither matters here. */
const [AT_ONCE, GRACE_MS] = [1, 5_000];

interface ProcessWay {
  key: string;
  name: string;
  runtime: Runtime;
  file: string;
  /** Behind the interpreter. */
  args?: readonly string[];
  memoryMib?: number;
  cpu?: number;
}

const NODE = { name: 'process: Node.js', runtime: 'node', file: 'main.js' } as const;
const DENO = ['run', '--quiet', '--no-prompt', '--allow-env', '--allow-read', '--allow-write'];
const WAYS: readonly ProcessWay[] = [
  { key: 'node', ...NODE },
  { key: 'python', name: 'process: Python', runtime: 'python', file: 'main.py' },
  { key: 'java', name: 'process: Java', runtime: 'java', file: 'Main.java', memoryMib: 256 },
  {
    ...{ key: 'javascript', name: 'process: JavaScript (Deno)', runtime: 'javascript' },
    ...{ file: 'main.mjs', args: DENO, memoryMib: 192 },
  },
  { key: 'node-tenth', ...NODE, name: 'process: Node.js, a tenth of a CPU', cpu: 0.1 },
];

async function processes(stage: Stage): Promise<Scene> {
  const places = await findRuntimes({}, stage.folder);
  const resources = (cpu = 1, mib = 128) => ({ cpu, memory: mib * MIB });
  const kind = 'process' as const;
  const beside = (program: raw.RawProgram): Subject['raw'] => ({
    ...{ bwrap: raw.bubblewrapped(program), child_process: raw.plainly(program) },
  });
  const subjects = WAYS.flatMap(({ key, name, runtime, file, args = [], memoryMib, cpu }) => {
    const place = places[runtime];
    if ('lack' in place) {
      console.log(`${key} is left out: ${place.lack}`);
      return [];
    }
    const code = CODE[runtime];
    const argv = [place.binds[0]?.source ?? place.path, ...args, file];
    return {
      ...{ key, kind, name, program: { process: { runtime, code } }, now: Date.now },
      ...{ resources: resources(cpu, memoryMib), raw: beside({ file, code, argv }) },
    };
  });
  const command: Subject = {
    ...{ key: 'command', kind, name: 'process: a command', now: Date.now },
    ...{ program: { process: { command: ['sh', '-c', SHELL] } }, resources: resources() },
    raw: beside({ file: 'main.sh', code: SHELL, argv: ['sh', 'main.sh'] }),
  };
  const options = { maxPrograms: AT_ONCE, graceMs: GRACE_MS };
  const warm = new ProgramProcessRunner({
    ...options,
    warm: { named: [], budgetBytes: 2 ** 31 },
  });
  process.env['TEMPOGRAPH_WARM_BUDGET'] = '0'; // for the worker: the way through Temporal is a cold one
  return {
    runner: new ProgramProcessRunner(options),
    warm: { runner: warm, filled: async () => await warm['pools']?.settled() },
    subjects: [...subjects, command],
  };
}

async function containers(stage: Stage): Promise<Scene | undefined> {
  const lack = lacksDocker();
  if (lack !== undefined) {
    console.log(`containers are left out: ${lack}`);
    return undefined;
  }
  const docker = await startDocker();
  stage.stops.push(() => docker.stop());
  process.env['DOCKER_HOST'] = `unix://${docker.socketPath}`; // for the worker
  const subject: Subject = {
    ...{ key: 'container', kind: 'container', name: 'container: busybox', now: uptimeMs },
    program: { container: { image: BUSYBOX, command: ['sh', '-c', BUSYBOX_SHELL] } },
    resources: { cpu: 1, memory: 128 * MIB },
    raw: {
      dockerode: raw.byDockerode(docker, BUSYBOX_SHELL),
      'docker run': raw.byDockerRun(docker, BUSYBOX_SHELL),
    },
  };
  const engine = { socketPath: docker.socketPath };
  const runner = new ContainerRunner({ maxContainers: AT_ONCE, graceMs: GRACE_MS, engine });
  return { runner, subjects: [subject] };
}

async function functions(stage: Stage): Promise<Scene> {
  const target = await startLoopback((request, response) => {
    const begun = performance.now();
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { bytes } = JSON.parse(body) as { bytes: number };
      const pad = 'x'.repeat(bytes);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ pad, begun, ended: performance.now() } satisfies Answer));
    });
  });
  stage.stops.push(() => target.close());
  process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'] = '1'; // for the worker too
  const url = `${target.origin}/`;
  const subject: Subject = {
    ...{ key: 'faas', kind: 'faas', name: 'faas: HTTP', now: () => performance.now() },
    ...{ program: { faas: { url } }, resources: { cpu: 1, memory: 128 * MIB } },
    raw: { fetch: raw.byFetch(url) },
  };
  return { runner: new FaasRunner(), subjects: [subject] };
}

const OPEN: Record<ProgramKind, (stage: Stage) => Promise<Scene | undefined>> = {
  process: processes,
  container: containers,
  faas: functions,
};

/** @throws Error for a kind that is none */
export async function openScenes(stage: Stage, kinds: readonly string[]): Promise<Scene[]> {
  const unknown = kinds.find((kind) => !PROGRAM_KINDS.some((known) => known === kind));
  if (unknown !== undefined)
    throw new Error(`${unknown}: expected some of ${PROGRAM_KINDS.join(', ')}`);
  const scenes: Scene[] = [];
  for (const kind of PROGRAM_KINDS) {
    const scene = kinds.includes(kind) ? await OPEN[kind](stage) : undefined;
    if (!scene) continue;
    stage.stops.push(() => scene.runner.close());
    if (scene.warm) stage.stops.push(() => (scene.warm as { runner: Runner }).runner.close());
    scenes.push(scene);
  }
  return scenes;
}
