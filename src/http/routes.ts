/** Every route of the API that a bearer opens. */
import type { Route } from './route.js';
import { artifactRoutes } from './artifact-routes.js';
import { batchRoutes } from './batch-routes.js';
import { catalogueRoutes } from './catalogue-routes.js';
import { executionRoutes } from './execution-routes.js';
import { keyRoutes } from './key-routes.js';
import { letterRoutes } from './letter-routes.js';
import { limitRoutes } from './limit-routes.js';
import { logRoutes } from './log-routes.js';
import { pipelineRoutes } from './pipeline-routes.js';
import { scheduleRoutes } from './schedule-routes.js';
import { statsRoutes } from './stats-routes.js';
import { systemRoutes } from './system-routes.js';
import { verbRoutes } from './verb-routes.js';

/** Where they are. */
export const PREFIX = '/api/v1';

export const ROUTES: readonly Route[] = [
  ...executionRoutes,
  ...batchRoutes,
  ...verbRoutes,
  ...logRoutes,
  ...artifactRoutes,
  ...pipelineRoutes,
  ...scheduleRoutes,
  ...catalogueRoutes,
  ...limitRoutes,
  ...letterRoutes,
  ...keyRoutes,
  ...statsRoutes,
  ...systemRoutes,
];
