/** `npm test`: installs what is missing, then runs everything that CI runs. */
import { install } from './install.mjs';

install();
const { verify } = await import('./verify.mjs');
process.exit(await verify());
