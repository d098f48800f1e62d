/** What figures about executions can be grouped and put in order by: the store, the HTTP API and commands say it alike. */
export const STATS_GROUPINGS = ['status', 'task', 'project', 'hour', 'day'] as const;
export type StatsGrouping = (typeof STATS_GROUPINGS)[number];

/** With `key` in the order of the groups' names and times, else most first: `wait` and `run` mean the 95th percentile. */
export const STATS_ORDERS = ['key', 'total', 'failed', 'retries', 'wait', 'run'] as const;
export type StatsOrder = (typeof STATS_ORDERS)[number];
