/** What a worker's settings say of its runners, as they are in force. */
import type { ProgramKind, Runtime } from './program.js';
import type { WarmWish } from './warm-plan.js';

export interface RunnerSettings {
  /** Handlers that run at once in threads, and in processes. */
  maxThreads: number;
  maxProcesses: number;
  /** JavaScript heap of each thread or process. */
  isolatedMemoryMb: number;
  /** From the request to stop until a handler or a program is ended. */
  stopGraceMs: number;
  /** The kinds of programs that are to be there; null for whatever this host has. */
  programs: readonly ProgramKind[] | null;
  /** Programs of one kind that run at once. */
  maxPrograms: number;
  /** Sandboxes that wait for programs, and the bytes of memory for all of them. */
  warm: readonly WarmWish[];
  warmBudget: number;
  /** Null: the worker's own. */
  cgroupParent: string | null;
  /** Null: what `DOCKER_HOST` says, else the usual sockets. */
  containerEngine: string | null;
  /** Null: the engine's own. */
  containerRuntime: string | null;
  containerMounts: readonly { source: string; readOnly: boolean }[];
  /** Networks of the engine, by name. */
  containerNetworks: readonly string[];
  /** By runtime, over the pinned ones. */
  images: Partial<Record<Runtime, string>>;
}
