import { threadHeapWarning } from '../../src/runners/thread-heap.js';

it.each(['20.20.2', '22.23.3', '26.10.0', '240.1.0'])('Node %s has no warning', (version) => {
  expect(threadHeapWarning(version)).toBeUndefined();
});

it('Node 24 has one, with what to do', () => {
  expect(threadHeapWarning('24.21.0')).toMatch(/Node 24.*isolation "process"/);
});
