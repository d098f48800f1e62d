/** One way to a server that was tried, and why it did not lead there. */
export interface FailedWay {
  way: string;
  reason: string;
}

/**
 * No server could be found or made. The message lists every way with its reason, then what a person can do; `ways` has
 * the same as data.
 */
export class ServerUnavailableError extends Error {
  override readonly name = 'ServerUnavailableError';

  /** @param remedies what to do, one sentence each, in the order of least effort */
  constructor(
    readonly server: string,
    readonly ways: readonly FailedWay[],
    remedies: readonly string[],
  ) {
    super(
      [
        `No ${server} could be found or made. Tried, in this order:`,
        ...ways.map(({ way, reason }, i) => `  ${i + 1}. ${way}: ${indent(reason)}`),
        'Do one of these, then try again:',
        ...remedies.map((remedy) => `  - ${remedy}`),
      ].join('\n'),
    );
  }
}

/** The reason a thrown thing gives, without a stack. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function indent(text: string): string {
  return text.trimEnd().replaceAll('\n', '\n       ');
}
