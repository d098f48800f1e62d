/** `npm run record-histories`: see the program that it runs. */
import { tsImport } from 'tsx/esm/api';
import { install } from './install.mjs';

install();
await tsImport('../test/support/programs/record-histories.ts', import.meta.url);
