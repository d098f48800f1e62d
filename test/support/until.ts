/**
 * Waits until a condition holds, looking again and again.
 *
 * @throws when it does not hold within a minute: the deadline is for a test that would else hang, not a bound
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
