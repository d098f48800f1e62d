/** Finds a dev server with the environment that this process has, in the cache folder of the first argument. */
import { findDevServer } from '../../../src/servers/find-dev-server.js';

await findDevServer({ cacheDir: process.argv[2] });
