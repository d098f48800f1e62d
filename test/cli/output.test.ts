import { Output, type Stream } from '../../src/cli/output.js';

/** A stream that remembers what was written. */
function stream(isTTY: boolean): Stream & { text: string } {
  const made = {
    text: '',
    isTTY,
    write: (text: string, done?: () => void) => {
      made.text += text;
      done?.();
      return true;
    },
  };
  return made;
}

function setup({ terminal = true, json = false, env = {} } = {}) {
  const stdout = stream(terminal);
  const stderr = stream(true);
  return { stdout, stderr, out: new Output({ json, stdout, stderr, env }) };
}

describe('Output', () => {
  it('draws and paints in a terminal', () => {
    const { out } = setup();
    expect(out.live).toBe(true);
    expect(out.style.red('x')).not.toBe('x');
  });

  it.each([
    ['standard output is no terminal', { terminal: false, env: { FORCE_COLOR: '1' } }],
    ['NO_COLOR is set', { env: { NO_COLOR: '1' } }],
    ['the terminal is dumb', { env: { TERM: 'dumb' } }],
  ])('paints nothing, on either stream, when %s', (_, options) => {
    const { out } = setup(options);
    expect(out.style.red('x') + out.noteStyle.red('x')).toBe('xx');
  });

  it('draws nothing when standard output is no terminal, or is for JSON', () => {
    expect(setup({ terminal: false }).out.live).toBe(false);
    expect(setup({ json: true }).out.live).toBe(false);
  });

  it('puts nothing but JSON on standard output with --json', () => {
    const { out, stdout, stderr } = setup({ json: true });
    out.print('for people');
    out.progress('on the way');
    out.note('a remark');
    out.document({ a: 1 });
    expect(JSON.parse(stdout.text)).toEqual({ a: 1 });
    expect(stderr.text).toBe('on the way\na remark\n');
  });

  it('puts result and progress on standard output without --json', () => {
    const { out, stdout, stderr } = setup();
    out.progress('on the way');
    out.print('the result');
    out.document({ a: 1 });
    out.note('a remark');
    expect(stdout.text).toBe('on the way\nthe result\n');
    expect(stderr.text).toBe('a remark\n');
  });
});
