/** What schedules look like over HTTP. */
import { z } from 'zod';
import { OVERLAPS } from '../client.js';
import { loose, StatusShape } from './shapes.js';

const time = z.string().describe('ISO time');
const ScheduledShape = z.object({
  executionId: z.string(),
  scheduledFor: time.describe('ISO time that it was meant for'),
  startedAt: time,
});

const SUMMARY = {
  id: z.string(),
  taskId: z.string().nullable().describe("the task's or the graph's name"),
  project: z.string().nullable(),
  paused: z.boolean(),
  note: z.string().nullable(),
  when: z.array(z.string()).describe('a phrase each'),
  timezone: z.string(),
  nextAt: time.nullable(),
  last: ScheduledShape.nullable(),
};

export const ScheduleListShape = z
  .object({
    schedules: z.array(z.object(SUMMARY)),
    more: z.boolean().describe('there are others, which the limit left out'),
  })
  .meta({ id: 'ScheduleList' });

export const SchedulePreviewShape = z
  .object({
    next: z.array(time).describe('at most ten, soonest first; without jitter'),
    when: z.array(z.string()).describe('a phrase each'),
    timezone: z.string(),
  })
  .meta({ id: 'SchedulePreview' });

export const ScheduleRecordShape = z
  .object({
    ...SUMMARY,
    kind: z.enum(['graph', 'task']),
    sessionId: z.string().nullable(),
    next: z.array(time).describe('at most ten; none while it is paused'),
    recent: z.array(ScheduledShape.extend({ status: StatusShape.nullable() })),
    running: z.array(z.string()).describe('ids of executions'),
    counts: z.object({
      started: z.int(),
      missed: z.int(),
      skipped: z.int(),
      buffered: z.int(),
      dropped: z.int(),
    }),
    times: loose('ScheduleTimes', 'As they were written.'),
    overlap: z.enum(OVERLAPS as [string, ...string[]]),
    catchupWindowMs: z.number(),
    pauseOnFailure: z.boolean(),
    limitedActions: z.int().nullable(),
    spec: loose('ScheduledSpec', 'The graph that is run.'),
    submission: loose('ScheduledSubmission', 'What is said of each execution.'),
    executionIdPrefix: z.string(),
    taskQueue: z.string(),
    createdAt: time,
    updatedAt: time.nullable(),
  })
  .meta({ id: 'Schedule' });
