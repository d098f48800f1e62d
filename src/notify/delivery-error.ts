/** What went wrong with one try to tell a sink of an event. */
export class DeliveryError extends Error {
  override name = 'DeliveryError';
  /** What the receiver asks for. */
  readonly retryAfterMs: number | undefined;
  /** Another try would end the same way. */
  readonly isFinal: boolean;

  constructor(
    message: string,
    options: { retryAfterMs?: number | undefined; isFinal?: boolean } = {},
  ) {
    super(message);
    this.retryAfterMs = options.retryAfterMs;
    this.isFinal = options.isFinal ?? false;
  }
}
