/** Every command, in the order of the help. */
import type { CommandDefinition } from './command.js';
import { cancel } from './commands/cancel.js';
import { dev } from './commands/dev.js';
import { doctor } from './commands/doctor.js';
import { list } from './commands/list.js';
import { retryPreview } from './commands/retry-preview.js';
import { run } from './commands/run.js';
import { status } from './commands/status.js';
import { validate } from './commands/validate.js';
import { watch } from './commands/watch.js';
import { worker } from './commands/worker.js';

export const COMMANDS: readonly CommandDefinition[] = [
  dev,
  worker,
  run,
  validate,
  status,
  list,
  watch,
  cancel,
  retryPreview,
  doctor,
];
