import { QueueSchema } from '../../src/domain/queue-name.js';
import { wellCut, wellFormed } from '../../src/domain/well-formed.js';

describe('a text as Temporal can carry it', () => {
  it('has U+FFFD for half of a character and leaves whole ones', () => {
    expect(wellFormed('a\ud800b\udfffc😀')).toBe('a\ufffdb\ufffdc😀');
  });

  it('is cut between characters', () => {
    expect(wellCut('ab😀', 3)).toBe('ab');
    expect(wellCut('ab😀', 4)).toBe('ab😀');
    expect(wellCut('ab\ud800', 3)).toBe('ab\ufffd');
  });

  it('is what the name of a queue has to be', () => {
    expect(QueueSchema.safeParse('a\ud800').success).toBe(false);
    expect(QueueSchema.safeParse('a😀').success).toBe(true);
  });
});
