import { describe, expect, it } from '@jest/globals';
import { faultsOf, graph, inWords, lone, places } from './support/specs.js';

describe('a value of a wrong type', () => {
  it.each([
    ['map', lone({ map: 7 }), 'tasks[0].map INVALID_TYPE', /string, array or object, got 7/],
    ['map.over', lone({ map: { over: 7 } }), 'tasks[0].map.over INVALID_TYPE', /string or array/],
    ['circuit', lone({ circuit: 7 }), 'tasks[0].circuit INVALID_VALUE', /string, object or false/],
    ['limit', lone({ limit: 7 }), 'tasks[0].limit INVALID_TYPE', /string or object, got 7/],
    [
      'graph',
      graph({ tasks: [{ id: 'a', graph: 7 }] }),
      'tasks[0].graph INVALID_TYPE',
      /string or object, got 7/,
    ],
  ])('is told all that the field takes: %s', (_field, spec, place, says) => {
    const faults = faultsOf(spec);
    expect(places(faults)).toEqual([place]);
    expect(inWords(faults)).toMatch(says);
  });
});

it('suggests the retry strategy that a word is near the beginning of', () => {
  expect(inWords(faultsOf(lone({ retry: { strategy: 'EXPONENTAL' } })))).toMatch(
    /got "EXPONENTAL" \(did you mean "EXPONENTIAL_BACKOFF"\?\)/,
  );
});

it.each(['timeout', 'timeoutSeconds'])('says where the %s of resources is written', (field) => {
  const faults = faultsOf(lone({ resources: { cpu: 1, [field]: 300 } }));
  expect(inWords(faults)).toMatch(
    /resources\.timeout.*unknown field .*write "timeout" beside resources/,
  );
});

it('offers no permission that no worker grants', () => {
  const words = inWords(faultsOf(lone({ security: { permissions: ['disk:/tmp'] } })));
  expect(words).toMatch(/network:<host>:<port>, network:<name>, env:<NAME> or secret:<name>/);
  expect(words).not.toMatch(/read:|write:/);
});
