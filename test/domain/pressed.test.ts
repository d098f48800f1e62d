/** Whether the page knows that a pointer is down: without a browser, by the events that one gives. */
import { jest } from '@jest/globals';

type Listener = (event: object) => void;

describe('a pointer that is down', () => {
  const listeners = new Map<string, Listener>();
  let unpressed: () => Promise<void>;
  beforeAll(async () => {
    Object.assign(globalThis, {
      addEventListener: (name: string, listener: Listener) => void listeners.set(name, listener),
    });
    // By a name that is not looked up beforehand: the page's types are none of the tests'.
    const file = '../../web/src/pressed.js';
    ({ unpressed } = (await import(file)) as { unpressed: () => Promise<void> });
  });
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());
  afterAll(() => void Reflect.deleteProperty(globalThis, 'addEventListener'));

  const tell = (name: string, event: object = {}): void =>
    listeners.get(name)?.({ button: 0, isPrimary: true, ...event });
  /** Whether who waits for it goes on after so long. */
  const goesOn = async (ms: number): Promise<boolean> => {
    let over = false;
    void unpressed().then(() => (over = true));
    await jest.advanceTimersByTimeAsync(ms);
    return over;
  };

  it('is none at first, nor by another button or a second finger', async () => {
    expect(await goesOn(0)).toBe(true);
    tell('pointerdown', { button: 2 });
    tell('pointerdown', { isPrimary: false });
    expect(await goesOn(0)).toBe(true);
  });

  it.each(['pointerup', 'pointercancel', 'blur'])(
    'holds up what waits until the click behind a %s has come',
    async (end) => {
      tell('pointerdown');
      expect(await goesOn(60_000)).toBe(false);
      tell(end);
      expect(await goesOn(99)).toBe(false);
      expect(await goesOn(1)).toBe(true);
    },
  );

  it('that goes down again meanwhile holds it up anew', async () => {
    tell('pointerdown');
    tell('pointerup');
    tell('pointerdown');
    expect(await goesOn(60_000)).toBe(false);
    tell('pointerup');
    expect(await goesOn(100)).toBe(true);
  });
});
