/**
 * No stack traces in workflows: the SDK takes one for every promise, and that was a third of what the workflow thread did
 * (docs/decisions/0023). For `preloadModules` of the bundle that we ship; `reuseV8Context: false` brings them back, since
 * nothing is preloaded then.
 */
(Error as { stackTraceLimit?: number }).stackTraceLimit = 0;

export {};
