/** What the bundle that we ship preloads, of the folder `workflows`: for the build, for tests and for workers from sources. */
export const PRELOADED: readonly string[] = ['preload', 'no-stacks'];
