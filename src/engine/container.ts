/**
 * One container of ours, from the moment it is there: started, followed to its end, stopped, emptied, removed.
 *
 * C1. It is followed from its first byte: attached before it starts, or by its log from the beginning.
 * C2. Only the owner whose name it bears stops or removes it: another may have taken it over.
 * C3. Ending it depends on the engine alone, never on the program.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import type { ContainerInspectInfo } from 'dockerode';
import { FOLDER } from './container-options.js';
import { diskGauge, type DiskGauge } from './disk-gauge.js';
import type { Engine } from './engine.js';
import { engineFailed, engineRefused, NoAnswer, statusOf } from './engine-error.js';
import { OutputFrames } from './output-frames.js';
import { ownerOf } from './labels.js';
import type { OwnerId } from './owner.js';
import { packFiles, type GivenFiles } from './put-files.js';
import { takeFiles, type TakeCaps, type TakenFiles } from './take-files.js';
import { UsageSamples, type Usage } from './usage.js';

/** Why we ended it. */
export type Ended = 'stopped' | 'logs' | 'disk';

export interface FollowOptions {
  logBytes: number;
  /** Of its volume. */
  diskBytes: number;
  /** Between SIGTERM and SIGKILL. */
  graceMs: number;
  signal: AbortSignal;
  onOutput?: ((stream: 'stdout' | 'stderr', text: string) => void) | undefined;
}

/** How it ended. */
export interface ContainerEnd {
  exitCode: number;
  outOfMemory: boolean;
  /** ISO times of the engine. */
  startedAt: string;
  finishedAt: string;
  /** Undefined where it ended by itself. */
  endedFor: Ended | undefined;
  /** It was asked to stop and went on for the whole grace. */
  killed: boolean;
  stderr: string;
  usage: Usage;
  /** How its disk was measured. */
  diskBy: DiskGauge['by'];
}

/** How long the engine gets for ending what it was told to kill. */
const KILL_MS = 30_000;
/** Exit code of a program that SIGKILL ended: 128 + 9. */
const SIGKILLED = 137;
/** How long the engine gets for saying that it was for its memory, between one question and the next. */
const OUT_OF_MEMORY_MS = [20, 80, 300, 600, 1_000, 1_000];

export class Container {
  private readonly docker: Dockerode.Container;

  constructor(
    private readonly engine: Engine,
    readonly id: string,
    private readonly owner: OwnerId,
  ) {
    this.docker = engine.docker.getContainer(id);
  }

  /** @param signal gives it up @throws TaskError ENVIRONMENT, also where it was given up */
  async put(files: GivenFiles, signal: AbortSignal): Promise<void> {
    try {
      await this.docker.putArchive(packFiles(files), { path: FOLDER, abortSignal: signal });
    } catch (error) {
      throw engineFailed('its input could not be handed over', error);
    }
  }

  /**
   * Starts it and waits for its end. What it says over its cap, what it writes over its disk, and the signal end it.
   *
   * @param start false for one that was started before: its log is read from the beginning
   * @param onStarted it runs
   * @returns `taken over` when it is to be stopped and belongs to another by now: it is left alone
   * @throws TaskError CONFIGURATION when the engine refuses to start it (such as a command that the image does not
   *   have), ENVIRONMENT when the engine fails
   */
  async follow(
    start: boolean,
    options: FollowOptions,
    onStarted: () => void = () => {},
  ): Promise<ContainerEnd | 'taken over'> {
    const { signal, graceMs, logBytes, onOutput } = options;
    const ending = new Ending((name) => this.kill(name), graceMs);
    const frames = new OutputFrames(logBytes, {
      onText: onOutput,
      onOverflow: () => ending.kill('logs'),
    });
    const stop = (): void => void this.owns().then((own) => (own ? ending.stop() : ending.leave()));
    const output = await this.output(start);
    const heard = hear(output, (chunk) => frames.push(chunk));
    const samples = new UsageSamples();
    const closers: (() => void)[] = [() => destroy(output), () => ending.over()];
    try {
      if (start) await this.start();
      onStarted();
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop);
      closers.push(() => signal.removeEventListener('abort', stop));
      const gauge = await this.gauge();
      closers.push(watchDisk(gauge, options.diskBytes, () => ending.kill('disk')));
      closers.push(await this.sample(samples));
      const ended = this.wait();
      if ((await Promise.race([ended, ending.early])) === 'taken over') {
        ended.catch(() => undefined); // its new owner's business
        return 'taken over';
      }
      await heard;
      frames.end();
      const state = await this.endState(ending.killed);
      if (state === undefined) {
        if (signal.aborted) return 'taken over'; // and finished there already
        throw engineFailed('the end of the container is not known', new Error('it was removed'));
      }
      const over = (await gauge.measure().catch(() => 0)) > options.diskBytes;
      return {
        exitCode: state.ExitCode,
        outOfMemory: state.OOMKilled,
        startedAt: state.StartedAt,
        finishedAt: state.FinishedAt,
        endedFor: ending.why ?? (over ? 'disk' : undefined),
        killed: ending.killed,
        stderr: frames.stderr,
        usage: samples.usage,
        diskBy: gauge.by,
      };
    } finally {
      for (const close of closers) close();
    }
  }

  /** What it gave. @param folder an empty one, for artifacts @throws as {@link takeFiles} */
  async take(folder: string, caps: TakeCaps): Promise<TakenFiles> {
    let archive: NodeJS.ReadableStream;
    try {
      archive = await this.docker.getArchive({ path: `${FOLDER}/out` });
    } catch (error) {
      throw engineFailed('its output could not be taken out', error);
    }
    return takeFiles(archive, folder, caps);
  }

  /** Ends it if it runs, and removes it with its volume, unless another has taken it over. */
  async remove(): Promise<void> {
    if (!(await this.owns())) return;
    await this.docker.remove({ force: true, v: true }).catch((error: unknown) => {
      // 409: somebody else is removing it already.
      if (![404, 409].includes(statusOf(error) ?? 0))
        throw engineFailed(`container ${this.id.slice(0, 12)} could not be removed`, error);
    });
  }

  private async owns(): Promise<boolean> {
    try {
      return ownerOf((await this.docker.inspect()).Name) === this.owner;
    } catch (error) {
      // Where the engine does not answer, what follows will say so.
      return statusOf(error) !== 404;
    }
  }

  private async output(start: boolean): Promise<NodeJS.ReadableStream> {
    const both = { stdout: true, stderr: true } as const;
    try {
      return start
        ? await this.docker.attach({ stream: true, ...both })
        : await this.docker.logs({ follow: true, ...both });
    } catch (error) {
      throw engineFailed('its output could not be read', error);
    }
  }

  private async start(): Promise<void> {
    try {
      await this.docker.start();
    } catch (error) {
      throw engineRefused('the container could not be started', error);
    }
  }

  private async wait(): Promise<void> {
    try {
      await this.docker.wait();
    } catch (error) {
      throw engineFailed('the end of the container is not known', error);
    }
  }

  /**
   * How the engine says that it ended. Who was killed by the kernel for its memory ends first and is told of after:
   * the engine hears of the two in no order. @see https://github.com/moby/moby/issues/15621
   */
  private async endState(killedByUs: boolean): Promise<ContainerInspectInfo['State'] | undefined> {
    let state = await this.state();
    for (const waitMs of killedByUs ? [] : OUT_OF_MEMORY_MS) {
      if (state?.ExitCode !== SIGKILLED || state.OOMKilled) break;
      await sleep(waitMs);
      state = await this.state();
    }
    return state;
  }

  /** Undefined where it is gone. */
  private async state(): Promise<ContainerInspectInfo['State'] | undefined> {
    try {
      return (await this.docker.inspect()).State;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw engineFailed('the end of the container is not known', error);
    }
  }

  private async kill(signal: string): Promise<void> {
    // 404 and 409: it has ended. Whatever else: SIGKILL follows, and then the wait is given up.
    await this.docker.kill({ signal }).catch(() => undefined);
  }

  private async gauge(): Promise<DiskGauge> {
    const { Mounts } = await this.docker.inspect().catch((error: unknown) => {
      throw engineFailed('the container could not be looked at', error);
    });
    const own = Mounts.find(({ Destination }) => Destination === FOLDER);
    return diskGauge(this.engine, { name: own?.Name ?? '', source: own?.Source ?? '' });
  }

  private async sample(samples: UsageSamples): Promise<() => void> {
    try {
      const stream = await this.docker.stats({ stream: true });
      stream.on('data', (chunk: Buffer) => samples.push(chunk)).on('error', () => {});
      return () => destroy(stream);
    } catch {
      return () => {}; // an engine without: then nothing is measured
    }
  }
}

/** That it ends, and why. */
class Ending {
  why: Ended | undefined;
  killed = false;
  /** Settles where nobody waits for the end: another has it, or the engine did not end it in time. */
  readonly early: Promise<'taken over'>;
  private giveUp: (error: Error) => void = () => {};
  /** It belongs to another, who follows it. */
  leave: () => void = () => {};
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly signal: (name: string) => Promise<void>,
    private readonly graceMs: number,
  ) {
    this.early = new Promise((resolve, reject) => {
      this.leave = () => resolve('taken over');
      this.giveUp = reject;
    });
    this.early.catch(() => undefined);
  }

  stop(): void {
    if (this.why !== undefined) return;
    this.why = 'stopped';
    void this.signal('SIGTERM');
    this.timers.push(setTimeout(() => this.killNow(), this.graceMs));
  }

  kill(why: Ended): void {
    if (this.why !== undefined && this.why !== 'stopped') return;
    this.why ??= why;
    this.killNow();
  }

  over(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private killNow(): void {
    this.killed = true;
    void this.signal('SIGKILL');
    this.timers.push(
      setTimeout(
        () => this.giveUp(engineFailed('it did not end the container', new NoAnswer('no answer'))),
        KILL_MS,
      ),
    );
  }
}

/** Resolves when the stream has ended, also where it broke: what it said is all there is. */
function hear(stream: NodeJS.ReadableStream, take: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve) => {
    stream.on('data', take);
    for (const event of ['end', 'close', 'error']) stream.on(event, () => resolve());
  });
}

function destroy(stream: NodeJS.ReadableStream): void {
  (stream as Partial<{ destroy: () => void }>).destroy?.();
}

/** Measures again and again until it is closed. */
function watchDisk({ measure, everyMs }: DiskGauge, bytes: number, onOver: () => void): () => void {
  let closed = false;
  let timer: NodeJS.Timeout;
  const look = async (): Promise<void> => {
    const used = await measure().catch(() => 0);
    if (closed) return;
    if (used > bytes) return onOver();
    timer = setTimeout(() => void look(), everyMs);
  };
  void look();
  return () => {
    closed = true;
    clearTimeout(timer);
  };
}
