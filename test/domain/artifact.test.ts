import {
  assertArtifactCount,
  assertArtifactName,
  assertArtifactSize,
  contentTypeOf,
} from '../../src/domain/artifact.js';

describe('the name of an artifact', () => {
  it.each(['a', 'report.html', 'plots/2027/a b.png', '..hidden', 'žluť.txt', 'x'.repeat(200)])(
    'may be %j',
    (name) => {
      expect(() => assertArtifactName(name)).not.toThrow();
    },
  );

  it.each([
    ['', /is empty/],
    ['x'.repeat(201), /201 characters.*at most 200/],
    ['../x', /climbs out/],
    ['a/../../x', /climbs out/],
    ['..', /climbs out/],
    ['/etc/passwd', /begins at a root/],
    ['C:x', /begins at a root/],
    ['a\\..\\x', /backslash/],
    ['a//b', /part that is empty/],
    ['./a', /part that is empty/],
    ['a/', /part that is empty/],
    ['a\u0000b', /control/],
    ['a\nb', /control/],
    ['\ud800', /broken/],
    [7, /is no text but 7/],
    [undefined, /is no text/],
  ])('may not be %j', (name, message) => {
    expect(() => assertArtifactName(name)).toThrow(
      expect.objectContaining({
        code: 'ARTIFACT_INVALID',
        retriable: false,
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });
});

describe('the content type of an artifact', () => {
  it.each([
    ['report.HTML', undefined, 'text/html'],
    ['data.bin', undefined, 'application/octet-stream'],
    ['constructor', undefined, 'application/octet-stream'],
    ['a.constructor', undefined, 'application/octet-stream'],
    ['report.html', 'text/plain; charset=utf-8', 'text/plain; charset=utf-8'],
  ])('of %s, said to be %s, is %s', (name, said, expected) => {
    expect(contentTypeOf(name, said)).toBe(expected);
  });

  it.each(['html', '', 'text/html\r\nX: 1', 'a/b'.repeat(50), 7])('may not be %j', (said) => {
    expect(() => contentTypeOf('a', said)).toThrow(/contentType: expected a media type/);
  });
});

it('is refused over the limit, with the number and the limit', () => {
  expect(() => assertArtifactSize('a', 1_000, 1_000)).not.toThrow();
  expect(() => assertArtifactSize('a', 1_001, 1_000)).toThrow(
    /1,001 bytes.*1,000.*maxArtifactBytes/,
  );
  expect(() => assertArtifactCount(100)).not.toThrow();
  expect(() => assertArtifactCount(101)).toThrow(/100 artifacts/);
});
