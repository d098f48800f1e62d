/** Whether a pointer is held down: what somebody presses has to stay under it until it is up, or nothing is clicked. */
let until: Promise<void> | undefined;
let lift: () => void = () => {};

addEventListener(
  'pointerdown',
  () => {
    until ??= new Promise((resolve) => (lift = resolve));
  },
  true,
);
for (const over of ['pointerup', 'pointercancel', 'blur'])
  addEventListener(
    over,
    // The click follows within the same turn.
    () => setTimeout(() => (lift(), (until = undefined))),
    true,
  );

/** Resolves once no pointer is down. */
export async function unpressed(): Promise<void> {
  while (until) await until;
}
