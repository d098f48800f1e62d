/** Where a guest begins when these sources are not compiled: lets it load TypeScript first. Not part of the package. */
import { register as registerCommonJs } from 'tsx/cjs/api';
import { register as registerModules } from 'tsx/esm/api';

registerCommonJs();
registerModules();
const entry = import('./guest-entry.ts');

export async function runInThread(job) {
  return await (await entry).runInThread(job);
}
