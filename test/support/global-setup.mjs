/** jest gives its global set-up no transform of ours, so tsx loads it. */
import { tsImport } from 'tsx/esm/api';

export default async function setup() {
  const module = await tsImport('./setup.ts', import.meta.url);
  await module.setup();
}
