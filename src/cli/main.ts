#!/usr/bin/env node
/** The binary `tempograph`. */
import { runCli } from './program.js';

// `tempograph list | head` is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// Connections and timers that are still open must not hold up the prompt.
process.exit(await runCli(process.argv.slice(2)));
