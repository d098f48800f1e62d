/** Every command, in the order of the help; each is loaded when it is needed: one needs little of what another does. */
import type { CommandDefinition, CommandGroup } from './command.js';

type Loaders<T> = Readonly<Record<string, () => Promise<T>>>;

const COMMANDS: Loaders<CommandDefinition> = {
  dev: async () => (await import('./dev-command.js')).dev,
  worker: async () => (await import('./worker-command.js')).worker,
  serve: async () => (await import('./serve-command.js')).serve,
  run: async () => (await import('./run-command.js')).run,
  submit: async () => (await import('./submit-command.js')).submit,
  batch: async () => (await import('./batch-command.js')).batch,
  rerun: async () => (await import('./rerun-command.js')).rerun,
  validate: async () => (await import('./validate-command.js')).validate,
  convert: async () => (await import('./convert-command.js')).convertCommand,
  templates: async () => (await import('./templates-command.js')).templates,
  schema: async () => (await import('./schema-command.js')).schema,
  plan: async () => (await import('./plan-command.js')).plan,
  status: async () => (await import('./status-command.js')).status,
  explain: async () => (await import('./explain-command.js')).explain,
  report: async () => (await import('./report-command.js')).report,
  artifacts: async () => (await import('./artifacts-command.js')).artifacts,
  list: async () => (await import('./list-command.js')).list,
  stats: async () => (await import('./stats-command.js')).stats,
  watch: async () => (await import('./watch-command.js')).watch,
  events: async () => (await import('./events-command.js')).events,
  logs: async () => (await import('./logs-command.js')).logs,
  cancel: async () => (await import('./cancel-command.js')).cancel,
  complete: async () => (await import('./complete-command.js')).complete,
  pause: async () => (await import('./pause-command.js')).pause,
  resume: async () => (await import('./pause-command.js')).resume,
  concurrency: async () => (await import('./edit-command.js')).concurrency,
  edit: async () => (await import('./edit-command.js')).edit,
  approve: async () => (await import('./approve-command.js')).approve,
  deny: async () => (await import('./approve-command.js')).deny,
  'what-if': async () => (await import('./what-if-command.js')).whatIf,
  'retry-preview': async () => (await import('./retry-preview-command.js')).retryPreview,
  audit: async () => (await import('./audit-command.js')).audit,
  doctor: async () => (await import('./doctor-command.js')).doctor,
  'rebuild-store': async () => (await import('./store-command.js')).rebuildStore,
  completion: async () => (await import('./completion-command.js')).completion,
  man: async () => (await import('./man-command.js')).man,
};

/** Commands that are only a name for others. */
const GROUPS: Loaders<CommandGroup> = {
  schedule: async () => (await import('./schedule-command.js')).schedule,
  node: async () => (await import('./node-command.js')).node,
  project: async () => (await import('./project-command.js')).project,
  task: async () => (await import('./task-command.js')).task,
  limit: async () => (await import('./limit-command.js')).limit,
  circuit: async () => (await import('./circuit-command.js')).circuit,
  cache: async () => (await import('./cache-command.js')).cache,
  artifact: async () => (await import('./artifacts-command.js')).artifact,
  'dead-letter': async () => (await import('./dead-letter-command.js')).deadLetter,
  key: async () => (await import('./key-command.js')).key,
  notify: async () => (await import('./notify-command.js')).notify,
};

export interface Commands {
  commands: readonly CommandDefinition[];
  groups: readonly CommandGroup[];
}

export const COMMAND_NAMES = Object.keys(COMMANDS);

/** @param name of the one command or group that is wanted; where there is none of it, they all come */
export async function loadCommands(name?: string): Promise<Commands> {
  const [commands, groups] = [named(COMMANDS, name), named(GROUPS, name)];
  const isKnown = commands.length + groups.length > 0;
  return {
    commands: await loaded(isKnown ? commands : Object.values(COMMANDS)),
    groups: await loaded(isKnown ? groups : Object.values(GROUPS)),
  };
}

function named<T>(loaders: Loaders<T>, name: string | undefined): (() => Promise<T>)[] {
  return Object.entries(loaders)
    .filter(([one]) => one === name)
    .map(([, load]) => load);
}

function loaded<T>(loaders: readonly (() => Promise<T>)[]): Promise<T[]> {
  return Promise.all(loaders.map((load) => load()));
}
