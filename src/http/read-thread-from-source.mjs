/** Where a thread begins when these sources are not compiled: lets it load TypeScript first. Not part of the package. */
import { register as registerCommonJs } from 'tsx/cjs/api';
import { register as registerModules } from 'tsx/esm/api';

registerCommonJs();
registerModules();
const entry = import('./read-thread.ts');

export default async (job) => {
  const { default: read } = await entry;
  return await (read.default ?? read)(job);
};
