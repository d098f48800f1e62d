/**
 * Which runner takes a task: document 004's rule (E2), as a function of what is asked and what the workers may.
 *
 * R1. What names its runner gets it, or is refused: nothing runs where it was not asked to, and nothing runs weaker.
 * R2. HIGH is for containers; code for a runtime goes to the sandbox where no engine is at hand.
 * R3. From MEDIUM up nothing runs inside the worker's own process.
 * R4. A handler is the worker's own code: in the worker where it asks for nothing and that is allowed, else in a process.
 * R5. A process, an image or a function says by its kind where it runs.
 */
import type { ProgramKind, SecurityLevel } from './program.js';

/** Where a task can run. `thread` and `process` end a handler that does not stop when asked. */
export const ISOLATIONS = ['in-process', 'thread', 'process', 'container', 'faas'] as const;
/** Where a task's handler runs. */
export type Isolation = (typeof ISOLATIONS)[number];

/** What is asked of a runner. */
export interface RunnerAsk {
  /** A handler of a worker, or a program. */
  kind: 'handler' | ProgramKind;
  /** As named by the node, the definition or the settings. */
  isolation?: Isolation | undefined;
  level: SecurityLevel;
  permissions: readonly string[];
  /** Something was said of CPU, memory, disk or processes. */
  hasResources: boolean;
  /** A process that is code for a runtime, which an image can run too. */
  hasRuntime: boolean;
}

/** What the workers may and have. */
export interface RunnerChoice {
  /** Handlers may run in the worker's own process. */
  inProcess: boolean;
  /** Functions may be asked. */
  faas: boolean;
  /** A container engine is at hand. */
  containers: boolean;
}

/** Where nothing is said. */
export const RUNNER_CHOICE: RunnerChoice = { inProcess: true, faas: true, containers: false };

/** Where each kind can run at all. */
const ABLE: Readonly<Record<RunnerAsk['kind'], readonly Isolation[]>> = {
  handler: ['in-process', 'thread', 'process'],
  process: ['process', 'container'],
  container: ['container'],
  faas: ['faas'],
};
const WORDS: Readonly<Record<RunnerAsk['kind'], string>> = {
  handler: 'a handler',
  process: 'a process',
  container: 'a container',
  faas: 'a function',
};

/** The runner, or why there is none: one sentence that says what to change. */
export function chooseRunner(
  ask: RunnerAsk,
  may: RunnerChoice,
): { runner: Isolation } | { refused: string } {
  const runner = ask.isolation ?? byRule(ask, may);
  const refused = refusal(ask, runner, may);
  return refused === undefined ? { runner } : { refused };
}

function byRule(
  { kind, level, hasRuntime, permissions, hasResources }: RunnerAsk,
  may: RunnerChoice,
): Isolation {
  switch (kind) {
    case 'container':
    case 'faas':
      return kind;
    case 'process':
      return level === 'HIGH' && may.containers && hasRuntime ? 'container' : 'process';
    case 'handler': {
      const isSimple = level === 'LOW' && permissions.length === 0 && !hasResources;
      return isSimple && may.inProcess ? 'in-process' : 'process';
    }
  }
}

function refusal(ask: RunnerAsk, runner: Isolation, may: RunnerChoice): string | undefined {
  const { kind, level } = ask;
  if (!ABLE[kind].includes(runner))
    return `isolation ${JSON.stringify(runner)}: ${WORDS[kind]} runs in ${ABLE[kind].join(', ')}`;
  if (kind === 'process' && runner === 'container' && !ask.hasRuntime)
    return 'isolation "container": a command runs in an image of its own; give container: { image, command }';
  if (level !== 'LOW' && kind === 'handler')
    return `security.level ${level}: a handler is code of the worker and has no sandbox; make it a process or a container`;
  if (runner === 'faas' && !may.faas)
    return 'functions are switched off for these workers (setting faas)';
  if (runner === 'faas' && level === 'HIGH')
    return "security.level HIGH: how a function is isolated is its provider's affair; make it a container";
  return undefined;
}
