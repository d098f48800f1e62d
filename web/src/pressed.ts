/** Whether a pointer is held down: what somebody presses has to stay under it until it is up, or nothing is clicked. */

/** The click comes behind the pointer's way up, of a finger in a task of its own. */
const CLICK_MS = 100;

let held: Promise<void> | undefined;
let lift: () => void = () => {};
let lifting: ReturnType<typeof setTimeout> | undefined;

function onDown({ button, isPrimary }: PointerEvent): void {
  if (button !== 0 || !isPrimary) return;
  clearTimeout(lifting);
  held ??= new Promise((resolve) => {
    lift = () => {
      held = undefined;
      resolve();
    };
  });
}

function onUp(): void {
  clearTimeout(lifting);
  lifting = setTimeout(() => lift(), CLICK_MS);
}

addEventListener('pointerdown', onDown, true);
for (const over of ['pointerup', 'pointercancel']) addEventListener(over, onUp, true);
// Of the window alone: elements that lose the focus are none of this.
addEventListener('blur', onUp);

/** Resolves once none is. */
export async function unpressed(): Promise<void> {
  while (held) await held;
}
