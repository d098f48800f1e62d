/** What we set on a dev server, and why. One table: the server is started from it, `doctor` and the docs print it. */

export interface DevServerSetting {
  /** Where it is set: Temporal's dynamic configuration, a pragma of the SQLite file, the process's environment. */
  kind: 'dynamic-config' | 'sqlite-pragma' | 'environment';
  key: string;
  /** As `start-dev` takes it: a dynamic value is JSON. */
  value: string;
  why: string;
}

export const DEV_SERVER_SETTINGS: readonly DevServerSetting[] = [
  {
    kind: 'dynamic-config',
    key: 'matching.useNewMatcher',
    value: 'true',
    why: 'Priorities are accepted without it, but a backlog is handed out in no order.',
  },
  {
    kind: 'dynamic-config',
    key: 'matching.enableFairness',
    value: 'true',
    why: 'Makes fairness keys and weights real: one large backlog does not starve the others.',
  },
  {
    kind: 'dynamic-config',
    key: 'matching.numTaskqueueReadPartitions',
    value: '1',
    why: 'Each partition orders only its own tasks: with the default of 4, priorities have many inversions.',
  },
  {
    kind: 'dynamic-config',
    key: 'matching.numTaskqueueWritePartitions',
    value: '1',
    why: 'As many as are read from.',
  },
  {
    kind: 'dynamic-config',
    key: 'history.timerProcessorMaxTimeShift',
    value: '"1ms"',
    why: 'Timers and retries fire up to 1 s late by default: a retry after 1 ms came after 1 s.',
  },
  {
    kind: 'dynamic-config',
    key: 'history.transferProcessorMaxPollRPS',
    value: '1000',
    why: 'The default of 20 a second bounds a chain of tasks: 100 took 10.0 s, and 2.3 s with this.',
  },
  {
    kind: 'dynamic-config',
    key: 'history.timerProcessorMaxPollRPS',
    value: '1000',
    why: 'The same ceiling for timers and retries: 50 timers of 10 ms in a row took 9 s, and 1.2 s with this.',
  },
  {
    kind: 'dynamic-config',
    key: 'history.transferProcessorUpdateAckInterval',
    value: '"1s"',
    why: 'A shard keeps what it has handed out until it notes how far it came, every 30 s, and goes through all of it for whatever comes next: 30,000 quick nodes took 82 s and 2.5 ms of the server each, and 65 s and 2.0 ms with this.',
  },
  {
    kind: 'dynamic-config',
    key: 'history.cacheNonUserContextLockTimeout',
    value: '"50ms"',
    why: 'Two workflows that signal each other wait in vain for each other this long, 500 ms by default: a graph of 10,000 nodes took 55 to 65 s, and 36 to 46 s with this.',
  },
  {
    kind: 'dynamic-config',
    key: 'history.eventsCacheMaxSizeBytes',
    value: '33554432',
    why: 'A start reads the event that scheduled it, and with the default of 512 KB the whole batch it is in once many wait: of 5,000 tasks at once each cost the server 4.7 ms, and 2.2 ms with this.',
  },
  {
    kind: 'dynamic-config',
    key: 'system.enableActivityEagerExecution',
    value: 'true',
    why: 'A worker that decided what begins may begin it at once, as far as it has slots free, and not by way of a queue: 1,000 nodes in layers cost the server 2.6 ms each, and 1.2 ms with this.',
  },
  {
    kind: 'dynamic-config',
    key: 'history.maximumBufferedEventsBatch',
    value: '5000',
    why: 'When more than 100 events, 50 ends of tasks, come while a worker decides, the server ends its workflow task, and the worker begins again from the whole history: of graphs of 500 quick tasks a third took a quarter longer for that.',
  },
  {
    kind: 'dynamic-config',
    key: 'history.MaxBufferedQueryCount',
    value: '100',
    why: 'While a workflow decides, the server keeps one question for it and refuses any other, which a client asks again later and later: of three who each asked how all nodes of a graph of 10,000 stand, one answer in twenty took 8.7 s, and 2.8 s with this.',
  },
  {
    kind: 'dynamic-config',
    key: 'matching.rps',
    value: '100000',
    why: 'The limits of requests protect a cluster from one of its many users. At 1,200 a second the 500 tasks of a quick graph come to it now and then: the server put one off by 3 s, and the graph took 4 s instead of 1.',
  },
  {
    kind: 'dynamic-config',
    key: 'history.rps',
    value: '100000',
    why: 'As above: 3,000 a second, which a machine four times as quick as the one of the benches comes to.',
  },
  {
    kind: 'dynamic-config',
    key: 'frontend.rps',
    value: '100000',
    why: 'As above: 2,400 a second; a worker that is refused waits up to a second.',
  },
  {
    kind: 'dynamic-config',
    key: 'frontend.namespaceRPS',
    value: '100000',
    why: 'As above, of one namespace.',
  },
  {
    kind: 'dynamic-config',
    key: 'frontend.enableServerVersionCheck',
    value: 'false',
    why: 'A dev server asks nobody outside whether there is a newer version.',
  },
  {
    kind: 'sqlite-pragma',
    key: 'journal_mode',
    value: 'WAL',
    why: 'With the defaults a server with a file takes 3 to 5 times as long as one in memory.',
  },
  {
    kind: 'sqlite-pragma',
    key: 'synchronous',
    value: 'NORMAL',
    why: 'Loses nothing when a process is killed; a power cut may lose the last moments.',
  },
  {
    kind: 'environment',
    key: 'GOGC',
    value: '400',
    why: 'Collects garbage less often: about 10 % less processor time for more memory.',
  },
];

/** The arguments of `start-dev` for these settings; pragmas only for a database file. */
export function settingArguments(withFile: boolean): string[] {
  return DEV_SERVER_SETTINGS.flatMap(({ kind, key, value }) => {
    if (kind === 'dynamic-config') return ['--dynamic-config-value', `${key}=${value}`];
    return kind === 'sqlite-pragma' && withFile ? ['--sqlite-pragma', `${key}=${value}`] : [];
  });
}

/**
 * The environment of a dev server. A setting of the caller's own wins; `TEMPORAL_*` is left out, because it says where
 * clients find a server and the CLI reads it for flags too.
 */
export function settingEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const ours = DEV_SERVER_SETTINGS.filter(({ kind }) => kind === 'environment');
  return {
    ...Object.fromEntries(ours.map(({ key, value }) => [key, value])),
    ...Object.fromEntries(Object.entries(env).filter(([key]) => !key.startsWith('TEMPORAL_'))),
  };
}
