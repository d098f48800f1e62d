/** Every route of the API, in the order of its document. */
import type { Route } from './route.js';
import { executionRoutes } from './execution-routes.js';
import { systemRoutes } from './system-routes.js';
import { verbRoutes } from './verb-routes.js';

export const ROUTES: readonly Route[] = [...executionRoutes, ...verbRoutes, ...systemRoutes];
