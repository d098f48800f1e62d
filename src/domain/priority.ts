/** Priorities, and Temporal's `priorityKey` of each. */
export const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
/** Which of the nodes that are ready goes first. */
export type Priority = (typeof PRIORITIES)[number];

/** The priority of a key; undefined for one that is none's. */
export const priorityOfKey = (key: number): Priority | undefined =>
  PRIORITIES.find((priority) => PRIORITY_KEY[priority] === key);

/** 1 goes first. */
export const PRIORITY_KEY: Readonly<Record<Priority, number>> = {
  CRITICAL: 1,
  HIGH: 2,
  MEDIUM: 3,
  LOW: 4,
};
