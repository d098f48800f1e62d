/** The context of a handler in a thread or process: the same as in the worker, by messages. */
import type { Artifact } from '../domain/artifact.js';
import { isObject, preview, type Json } from '../domain/json.js';
import { progressOf } from '../domain/progress.js';
import type { TaskContext, TaskLogger } from '../task-context.js';
import type { Answers } from './answers.js';
import { resolveSource } from './artifact-source.js';
import { assertCheckpoint } from './checkpoint.js';
import { cloneFault } from './clone.js';
import type { ContextData, Said } from './protocol.js';

/**
 * @param say hands on what the handler says
 * @param answers where the worker's answers come in
 */
export function guestContext(
  data: ContextData,
  checkpoint: Json | undefined,
  { signal, say, answers }: { signal: AbortSignal; say: (said: Said) => void; answers: Answers },
): TaskContext {
  let last = checkpoint;
  return {
    ...data,
    signal,
    log: guestLogger(say),
    progress(said) {
      const value = progressOf(said);
      if (value) say({ call: 'progress', value });
    },
    checkpoint(value) {
      assertCheckpoint(value);
      last = value;
      say({ call: 'checkpoint', value: json(value) });
    },
    lastCheckpoint: () => last,
    metric: (name, value) => say({ call: 'metric', name, value }),
    artifact(name, source, options) {
      const kept = answers.ask<Artifact>((id) =>
        say({
          ...{ call: 'artifact', id, name: String(name), source: resolveSource(name, source) },
          ...(options === undefined ? {} : { options: json(options) }),
        }),
      );
      kept.catch(() => undefined); // the worker fails the attempt, also where nobody awaits it
      return kept;
    },
    readArtifact: (artifact) =>
      answers.ask<Uint8Array>((id) => say({ call: 'readArtifact', id, artifact: json(artifact) })),
    warn: (message) => say({ call: 'warn', message: String(message) }),
  };
}

function guestLogger(say: (said: Said) => void): TaskLogger {
  const at = (level: keyof TaskLogger) => (message: string, fields?: object) =>
    say({
      call: 'log',
      level,
      message: String(message),
      ...(fields === undefined ? {} : { fields: cloneable(fields) }),
    });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** A log line is worth more than its fields: those that cannot be sent become texts. */
function cloneable(fields: object): object {
  if (!isObject(fields)) return { fields: preview(fields) };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      cloneFault(value, name) === undefined ? value : String(value),
    ]),
  );
}
