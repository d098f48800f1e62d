import { exhausted, parseOutput, programFailed } from '../../src/runners/program.js';
import { DEFAULT_LIMITS } from '../../src/domain/program.js';

const NODE = `file:///app/main.js:2
throw new TypeError('no such luck')
^

TypeError: no such luck
    at file:///app/main.js:2:7
    at ModuleJob.run (node:internal/modules/esm/module_job:325:25)

Node.js v20.20.2`;
const PYTHON = `Traceback (most recent call last):
  File "/app/main.py", line 1, in <module>
ConnectionRefusedError: [Errno 111] Connection refused

During handling of the above exception, another exception occurred:

urllib.error.URLError: <urlopen error [Errno 111] Connection refused>`;
const JAVA = `Exception in thread "main" java.lang.IllegalStateException: no such luck
	at Subject.main(Subject.java:27)`;
const DENO = `error: Uncaught (in promise) RangeError: no such luck
    at file:///app/main.js:1:7`;

describe('the error of a program that failed', () => {
  it.each([
    ['Node.js', NODE, 'TypeError: no such luck'],
    ['Python', PYTHON, 'urllib.error.URLError: <urlopen error [Errno 111] Connection refused>'],
    ['Java', JAVA, 'Exception in thread "main" java.lang.IllegalStateException: no such luck'],
    ['Deno', DENO, 'error: Uncaught (in promise) RangeError: no such luck'],
    ['a shell', 'first\nlast words\n', 'last words'],
  ])('says why in the words of %s, and keeps all of them', (_name, stderr, why) => {
    const error = programFailed({ code: 1, signal: null, stderr });
    expect(error).toMatchObject({
      ...{ code: 'PROGRAM_FAILED', retriable: true, stack: stderr.trim() },
      message: `the program ended with exit code 1: ${why}`,
      details: { exitCode: 1, signal: null, stderr: stderr.trim() },
    });
  });

  it('has the end of a long story, and no line without an end', () => {
    const { message, details } = programFailed({
      code: null,
      signal: 'SIGSEGV',
      stderr: 'x'.repeat(10_000),
    });
    expect(message.length).toBeLessThan(2_100);
    expect((details as { stderr: string }).stderr).toHaveLength(700);
  });

  it('is of the configuration where there is no such program', () => {
    const stderr = 'sh: 1: exec: no-such-program: not found';
    expect(programFailed({ code: 127, signal: null, stderr })).toMatchObject({
      code: 'CONFIGURATION',
      retriable: false,
    });
    expect(programFailed({ code: 127, signal: null, stderr: 'mine' }).code).toBe('PROGRAM_FAILED');
  });
});

describe('what a program gave', () => {
  it('is null where it wrote nothing', () => {
    expect([parseOutput(undefined, []), parseOutput(new Uint8Array(), [])]).toEqual([null, null]);
  });
  it.each([['{"a": '], ['nope'], ['\xff']])(
    'is refused where it is no JSON in UTF-8: %j',
    (text) => {
      expect(() => parseOutput(Buffer.from(text, 'latin1'), [])).toThrow(
        /no JSON: .*TEMPOGRAPH_OUTPUT/,
      );
    },
  );
});

describe('what ran out', () => {
  const run = { limits: DEFAULT_LIMITS, maxOutputBytes: 1_024 } as never;
  it.each([
    ['memory', '128Mi (resources.memory)'],
    ['disk', '500Mi (resources.disk)'],
    ['processes', '64 processes and threads (resources.processes)'],
    ['logs', '1Mi of output (resources.logs)'],
    ['output', '1Ki of result (maxOutputBytes)'],
  ] as const)('is named with its limit: %s', (resource, limit) => {
    const { message, details } = exhausted(resource, run);
    expect(message).toContain(limit);
    expect(details).toEqual({ resource, limit });
  });
});
