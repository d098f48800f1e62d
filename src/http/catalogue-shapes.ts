/** What the catalogue looks like over HTTP. */
import { z } from 'zod';
import { PRIORITIES } from '../domain/priority.js';
import { ExecutionShape } from './shapes.js';

const time = z.string().describe('ISO time');

export const ProjectShape = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    archived: z.boolean(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Project' });

const TASK = {
  id: z.string(),
  projectId: z.string(),
  name: z.string(),
  description: z.string(),
  priority: z.enum(PRIORITIES).nullable(),
  run: z.looseObject({}).nullable().describe('null: the submission says'),
  defaults: z.record(z.string(), z.unknown()),
  version: z.int(),
  archived: z.boolean(),
  createdAt: time,
  updatedAt: time,
};
export const CatalogueTaskShape = z.object(TASK).meta({ id: 'CatalogueTask' });
export const CatalogueTaskStatusShape = z
  .object({ ...TASK, lastExecution: ExecutionShape.nullable() })
  .meta({ id: 'CatalogueTaskStatus' });
