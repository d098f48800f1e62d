/** Every route of the API that a bearer opens. */
import type { Route } from './route.js';
import { artifactRoutes } from './artifact-routes.js';
import { executionRoutes } from './execution-routes.js';
import { logRoutes } from './log-routes.js';
import { systemRoutes } from './system-routes.js';
import { verbRoutes } from './verb-routes.js';

export const ROUTES: readonly Route[] = [
  ...executionRoutes,
  ...verbRoutes,
  ...logRoutes,
  ...artifactRoutes,
  ...systemRoutes,
];
