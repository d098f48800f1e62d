/** What settings are called, in code and in the environment. */

/** Every setting by its name in code, in the order of the documentation of `Settings`. */
export const SETTING_NAMES = [
  ...(['dataDir', 'defaults', 'taskQueue', 'templatesDir', 'env', 'secretsDir'] as const),
  ...(['serverWaits', 'maxNodesPerRun', 'coordinatorEvents', 'maxOutputBytes'] as const),
  ...(['maxArtifactBytes', 'maxThreads', 'maxProcesses', 'isolatedMemoryMb', 'programs'] as const),
  ...(['inProcess', 'faas', 'maxPrograms', 'targetLoad', 'maxResources', 'warm'] as const),
  ...(['warmBudget', 'cgroupParent', 'containerEngine', 'containerRuntime'] as const),
  ...(['containerMounts', 'containerNetworks', 'images', 'stopGrace'] as const),
  ...(['eagerActivities', 'maxConcurrentExecutions', 'limits'] as const),
  ...(['circuits', 'sinks', 'webhooks', 'oidc', 'publicUrl', 'storeUrl', 'blobUrl'] as const),
  ...(['reconcileInterval', 'logLevel', 'maxLogLines', 'maxLogBytes', 'logRetention'] as const),
  'metricsAddress' as const,
];
export type SettingName = (typeof SETTING_NAMES)[number];

/** The variable that holds a setting: `TEMPOGRAPH_DATA_DIR` of `dataDir`. */
export const variableOf = (name: SettingName): string =>
  `TEMPOGRAPH_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
