import { EventStreamReader } from '../../src/remote/event-source.js';

const TEXT =
  '\ufeffretry: 250\n\n: still here\n\nevent: update\nid: 7\ndata: {"a":1}\n\ndata:one\r\ndata: two\r\n\r\nevent: empty\n\nid\ndata\rdata: x\r\r';
const MESSAGES = [
  { event: 'update', data: '{"a":1}', id: '7' },
  { event: 'message', data: 'one\ntwo', id: '7' },
  { event: 'message', data: '\nx', id: '' },
];

describe('EventStreamReader', () => {
  it('gives the same messages of a stream that is cut at any place', () => {
    for (let at = 0; at <= TEXT.length; at++) {
      const reader = new EventStreamReader();
      const pieces = [TEXT.slice(0, at), TEXT.slice(at), '\n'];
      const messages = pieces.flatMap((piece) => reader.take(piece));
      expect([at, messages]).toEqual([at, MESSAGES]);
      expect(reader.retryMs).toBe(250);
    }
  });

  it('gives nothing of a message that has no end yet', () => {
    expect(new EventStreamReader().take('data: half\n')).toEqual([]);
  });
});
