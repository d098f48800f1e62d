/**
 * No stack traces in workflows: the SDK takes one for every promise, and that was a third of what the workflow thread did
 * (docs/decisions/0023). For `preloadModules` of the bundle that we ship; `reuseV8Context: false` brings them back, since
 * nothing is preloaded then.
 */
(Error as { stackTraceLimit?: number }).stackTraceLimit = 0;

/**
 * The SDK's hook compiles a function for every promise, by the constructor of its constructor, to find the workflow whose
 * stacks are kept; told that there is none it keeps nothing. Nobody else asks a class of the language for its constructor.
 */
Object.defineProperty(Promise, 'constructor', { value: () => () => undefined });

export {};
