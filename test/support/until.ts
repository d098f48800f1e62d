/**
 * Waits until a condition holds, looking again and again.
 *
 * @param deadlineMs for a test that would else hang, not a bound; longer where a loaded machine has much to do
 * @throws when it does not hold by then
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
  deadlineMs = 100_000,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > deadline)
      throw new Error(`${what} did not come true within ${deadlineMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
