/** What is run in a sandbox, what was in force, and how it ended. */
import type { FileSource } from '../domain/input-files.js';
import type { OutputText } from '../domain/output-texts.js';
import type { Limits, SecurityLevel } from '../domain/program.js';

/** A file or folder of the host that a sandbox sees, read-only. */
export interface Bind {
  source: string;
  target: string;
}

export interface SandboxSpec {
  /** Program and arguments as they are inside. */
  argv: readonly string[];
  /** All variables but PATH and HOME, which may be overridden. */
  env: Readonly<Record<string, string>>;
  /** Texts by path below `/app`. */
  files: Readonly<Record<string, string>>;
  /** Files that are brought from elsewhere, by path below `/in/files`. */
  inputFiles?: readonly FileSource[] | undefined;
  /** JSON, at `/in/input.json`. */
  input: string;
  /** What a runtime is started by: texts by path below `/in/support`. */
  support?: Readonly<Record<string, string>>;
  /** Seen beside `/usr`. */
  binds?: readonly Bind[];
  /**
   * Who says that the program begins: `itself` writes a byte to descriptor 3 and waits for one, once its runtime is up;
   * for others a shell does so before it. Only from then on its share of the CPU is held.
   */
  gate: 'itself' | 'shell';
  limits: Limits;
  level: SecurityLevel;
  /** `<host>:<port>`; empty for none. */
  network: readonly string[];
  /** Of processor time, each process: what holds where the share of the CPU cannot be held. */
  cpuSeconds: number;
  maxOutputBytes: number;
  maxArtifactBytes: number;
}

/** A sandbox that is to wait for a program, which has no network. */
export interface WarmSpec extends Pick<SandboxSpec, 'support' | 'binds' | 'limits' | 'level'> {
  /** What waits: it speaks at the gate as gate.ts says. */
  argv: readonly string[];
}

/** Where a program finds its things. */
export const INSIDE = {
  app: '/app',
  input: '/in/input.json',
  inputFiles: '/in/files',
  support: '/in/support',
  output: '/out/output.json',
  outputs: '/out/outputs',
  artifacts: '/out/artifacts',
  proxySocket: '/net/proxy.sock',
} as const;

export interface SandboxRunOptions {
  /** Asks the program to stop (SIGTERM), and ends it after `graceMs`. */
  signal: AbortSignal;
  graceMs: number;
  onOutput?: ((stream: 'stdout' | 'stderr', text: string) => void) | undefined;
  /** The program has ended well: its files, readable until the promise settles. What it throws, `run` throws. */
  onResult?: ((files: ResultFiles) => Promise<void>) | undefined;
  /** What the proxy did not let through, one sentence. */
  onRefused?: ((text: string) => void) | undefined;
}

/** What a program left. Nothing of it runs any more. */
export interface ResultFiles {
  /** Undefined where it wrote none. */
  output: Uint8Array | undefined;
  texts: readonly OutputText[];
  artifacts: readonly { name: string; path: string }[];
}

export type Resource = 'memory' | 'disk' | 'processes' | 'cpu' | 'logs' | 'output';

export type SandboxVerdict =
  /** By itself, or by a signal that nobody of ours sent. */
  | { kind: 'exited'; code: number | null; signal: string | null }
  | { kind: 'exhausted'; resource: Resource }
  | { kind: 'stopped' }
  /** Nothing of the program has run. */
  | { kind: 'unprepared'; message: string };

export interface SandboxEnd {
  verdict: SandboxVerdict;
  /** The end of what it wrote there. */
  stderr: string;
  /** Process of the host; undefined where none was started. */
  pid: number | undefined;
  /** From the call until the program began. */
  prepareMs: number | undefined;
  /** Page cache included, as the kernel counts it. */
  peakMemoryBytes?: number;
  cpuMs?: number;
  /** How long it had to wait for its share of the CPU. */
  throttledMs?: number;
  /** By aspect, by which means. */
  enforced: Readonly<Record<string, string>>;
}
