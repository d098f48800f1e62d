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

  describe.each(['print', 'progress', 'note'] as const)('%s', (write) => {
    it('lets no escape sequence through that is not ours, and keeps line breaks', () => {
      const { out, stdout, stderr } = setup();
      out[write](
        'bad \u001b[31mred\u001b]0;title\u0007 \u009b2J\u0008\u202e\nline2\r\nline3\tend\u001b',
      );
      expect(stdout.text + stderr.text).toBe('bad red \\u0008\\u202e\nline2\nline3\tend\\u001b\n');
    });

    it('keeps our colours, also around text that tries to end them', () => {
      const { out, stdout, stderr } = setup();
      const { red, bold } = write === 'note' ? out.noteStyle : out.style;
      out[write](red(`a\u001b[39mb ${red('c')} d`) + bold('e'));
      expect(stdout.text + stderr.text).toBe(
        '\u001b[31mab \u001b[31mc\u001b[39m\u001b[31m d\u001b[39m\u001b[1me\u001b[22m\n',
      );
    });
  });

  it('gives a document as it is to a program, and safe to look at in a terminal', () => {
    const [piped, seen] = [setup({ terminal: false }), setup()];
    for (const { out } of [piped, seen]) out.source('name: "\u202eabc"');
    expect(piped.stdout.text).toBe('name: "\u202eabc"\n');
    expect(seen.stdout.text).toBe('name: "\\u202eabc"\n');
  });

  it('gives JSON to the character, whatever is in it', () => {
    const { out, stdout } = setup({ json: true });
    const value = { message: 'bad \u001b[31mred\u202e\nline2' };
    out.document(value);
    out.jsonLine(value);
    expect(stdout.text).toBe(`${JSON.stringify(value, null, 2)}\n${JSON.stringify(value)}\n`);
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
