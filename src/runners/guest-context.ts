/** The context of a handler in a thread or process: the same as in the worker, by messages. */
import { isObject, preview, type Json } from '../domain/json.js';
import type { TaskContext, TaskLogger } from '../registry.js';
import { assertCheckpoint } from './checkpoint.js';
import { cloneFault } from './clone.js';
import type { ContextData, Said } from './protocol.js';

export function guestContext(
  data: ContextData,
  checkpoint: Json | undefined,
  signal: AbortSignal,
  say: (said: Said) => void,
): TaskContext {
  let last = checkpoint;
  return {
    ...data,
    signal,
    log: guestLogger(say),
    progress: (progress) =>
      say({ call: 'progress', value: typeof progress === 'number' ? progress : json(progress) }),
    checkpoint(value) {
      assertCheckpoint(value);
      last = value;
      say({ call: 'checkpoint', value: json(value) });
    },
    lastCheckpoint: () => last,
    metric: (name, value) => say({ call: 'metric', name, value }),
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
