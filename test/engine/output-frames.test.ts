import { OutputFrames } from '../../src/engine/output-frames.js';
import { frame } from './fake-engine.js';

const setup = (cap = 1_000) => {
  const said: [string, string][] = [];
  let overflows = 0;
  const frames = new OutputFrames(cap, {
    onText: (stream, text) => said.push([stream, text]),
    onOverflow: () => overflows++,
  });
  const of = (name: string): string =>
    said
      .filter(([stream]) => stream === name)
      .map(([, text]) => text)
      .join('');
  return { frames, of, said, overflows: () => overflows };
};

describe('OutputFrames', () => {
  it('tells the streams apart and the characters whole, wherever the pieces are cut', () => {
    const all = Buffer.concat([
      frame(1, 'žluť 👩‍👧'),
      frame(2, 'e中'),
      frame(1, ''),
      frame(1, 'end'),
    ]);
    for (let size = 1; size <= all.length; size++) {
      const { frames, of, said } = setup();
      for (let at = 0; at < all.length; at += size) frames.push(all.subarray(at, at + size));
      frames.end();
      expect([of('stdout'), of('stderr')]).toEqual(['žluť 👩‍👧end', 'e中']);
      expect(said.every(([, text]) => !text.includes('�'))).toBe(true);
    }
  });

  it('puts a character together that was cut between two frames', () => {
    const { frames, said } = setup();
    const bytes = Buffer.from('中');
    frames.push(frame(1, bytes.subarray(0, 1)));
    frames.push(frame(1, bytes.subarray(1)));
    expect(said).toEqual([['stdout', '中']]);
  });

  it('charges something for each line, whatever is in it', () => {
    const { frames, of } = setup(1_000);
    for (let nth = 0; nth < 100; nth++) frames.push(frame(1, '\n'));
    expect(of('stdout')).toBe('\n'.repeat(13)); // 81 bytes each
    expect(frames.overflowed).toBe(true);
  });

  it('takes many small frames in one piece', () => {
    const { frames, of } = setup(1e7);
    frames.push(Buffer.concat(Array.from({ length: 50_000 }, () => frame(1, 'y\n'))));
    expect(of('stdout').length).toBe(100_000);
  });

  it('lets go what is over the cap of one stream, and tells it once', () => {
    const { frames, of, overflows } = setup(4);
    frames.push(frame(1, 'abcd'));
    expect(overflows()).toBe(0);
    frames.push(frame(1, 'e'));
    frames.push(frame(2, 'more than four'));
    frames.push(frame(1, 'f'));
    expect([of('stdout'), of('stderr'), overflows()]).toEqual(['abcd', 'more', 1]);
  });

  it('keeps the end of standard error', () => {
    const { frames } = setup(1e6);
    frames.push(frame(2, `${'x'.repeat(20_000)}the end`));
    expect(frames.stderr).toMatch(/^x+the end$/);
    expect(frames.stderr.length).toBe(8_192);
  });
});
