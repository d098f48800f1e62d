/** Every command, in the order of the help. */
import type { CommandDefinition, CommandGroup } from './command.js';
import { approve, deny } from './approve-command.js';
import { artifact, artifacts } from './artifacts-command.js';
import { audit } from './audit-command.js';
import { batch } from './batch-command.js';
import { cache } from './cache-command.js';
import { cancel } from './cancel-command.js';
import { circuit } from './circuit-command.js';
import { complete } from './complete-command.js';
import { convertCommand } from './convert-command.js';
import { deadLetter } from './dead-letter-command.js';
import { dev } from './dev-command.js';
import { completion } from './completion-command.js';
import { concurrency, edit } from './edit-command.js';
import { doctor } from './doctor-command.js';
import { events } from './events-command.js';
import { explain } from './explain-command.js';
import { key } from './key-command.js';
import { limit } from './limit-command.js';
import { list } from './list-command.js';
import { logs } from './logs-command.js';
import { man } from './man-command.js';
import { node } from './node-command.js';
import { notify } from './notify-command.js';
import { pause, resume } from './pause-command.js';
import { plan } from './plan-command.js';
import { project } from './project-command.js';
import { report } from './report-command.js';
import { retryPreview } from './retry-preview-command.js';
import { rerun } from './rerun-command.js';
import { run } from './run-command.js';
import { serve } from './serve-command.js';
import { rebuildStore } from './store-command.js';
import { stats } from './stats-command.js';
import { status } from './status-command.js';
import { schedule } from './schedule-command.js';
import { schema } from './schema-command.js';
import { submit } from './submit-command.js';
import { task } from './task-command.js';
import { templates } from './templates-command.js';
import { validate } from './validate-command.js';
import { watch } from './watch-command.js';
import { whatIf } from './what-if-command.js';
import { worker } from './worker-command.js';

export const COMMANDS: readonly CommandDefinition[] = [
  dev,
  worker,
  serve,
  run,
  submit,
  batch,
  rerun,
  validate,
  convertCommand,
  templates,
  schema,
  plan,
  status,
  explain,
  report,
  artifacts,
  list,
  stats,
  watch,
  events,
  logs,
  cancel,
  complete,
  pause,
  resume,
  concurrency,
  edit,
  approve,
  deny,
  whatIf,
  retryPreview,
  audit,
  doctor,
  rebuildStore,
  completion,
  man,
];

/** Commands that are only a name for others. */
export const GROUPS: readonly CommandGroup[] = [
  schedule,
  node,
  project,
  task,
  limit,
  circuit,
  cache,
  artifact,
  deadLetter,
  key,
  notify,
];
