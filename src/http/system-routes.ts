/** How everything stands. */
import { z } from 'zod';
import { packageVersion } from '../config.js';
import { projectFor } from './calls.js';
import { openApprovals } from './open-approvals.js';
import { route } from './route.js';
import { loose } from './shapes.js';

const Project = z.strictObject({ project: z.string().min(1).optional() });

export const systemRoutes = [
  route({
    id: 'meta',
    method: 'GET',
    path: '/meta',
    tag: 'system',
    summary: 'Version, caller, and where the Temporal Web UI is',
    scope: 'read',
    of: 'projects',
    answer: z.object({
      version: z.string(),
      webUi: z.string().nullable(),
      namespace: z.string(),
      authentication: z.enum(['open', 'required']),
      caller: z.object({
        name: z.string(),
        scope: z.string(),
        projects: z.array(z.string()).nullable(),
      }),
    }),
    handle: async ({ who, facts }) => ({
      version: packageVersion(),
      ...facts,
      caller: { name: who.name, scope: who.scope, projects: who.projects && [...who.projects] },
    }),
  }),
  route({
    id: 'systemDetail',
    method: 'GET',
    path: '/system',
    tag: 'system',
    summary: 'Servers, workers, queues, limits, circuits',
    scope: 'read',
    of: 'system',
    answer: loose('SystemDetail', 'As engine.systemDetail() gives it.'),
    handle: ({ engine }) => engine.systemDetail(),
  }),
  route({
    id: 'listApprovals',
    method: 'GET',
    path: '/approvals',
    tag: 'approvals',
    summary: 'Questions that wait for an answer',
    description: 'Of the 1,000 newest nodes that run. Needs the store.',
    scope: 'read',
    of: 'projects',
    query: Project,
    answer: z.object({
      approvals: z.array(
        z.object({
          executionId: z.string(),
          nodeId: z.string(),
          approval: z
            .looseObject({ message: z.string(), askedAt: z.string() })
            .nullable()
            .describe('null where no worker answered'),
        }),
      ),
    }),
    handle: async (call) => {
      const project = projectFor(call, call.query.project);
      return { approvals: await openApprovals(call.engine, project) };
    },
  }),
];
