/** One PostgreSQL for all files of the store's suite; told to them by the environment. */
import { startPostgres } from '../../scripts/postgres.mjs';

export default async function setup() {
  const server = await startPostgres({ log: (line) => console.error(`\n${line}`) });
  if (server.unavailable) process.env.TEMPOGRAPH_TEST_POSTGRES_MISSING = server.unavailable;
  else process.env.TEMPOGRAPH_TEST_POSTGRES = server.url;
  globalThis.stopPostgres = server.stop;
}
