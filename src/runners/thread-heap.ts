/** What a full heap of a thread does to its worker, by version of Node. */

/**
 * A warning for a worker that has handlers in threads. Measured with 24.21 (V8 13.6): a thread that fills 48 MB or more ends
 * the process, most of the time; 20, 22 and 26 end the thread alone.
 *
 * @param version such as `24.21.0`
 */
export const threadHeapWarning = (version: string): string | undefined =>
  version.startsWith('24.')
    ? 'with Node 24 a handler in a thread that fills its heap ends the whole worker, most of the time: give such tasks isolation "process", or take Node 22 or 26'
    : undefined;
