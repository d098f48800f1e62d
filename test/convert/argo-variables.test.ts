/** Variables of converted containers: what `$(NAME)` is, and two secrets of one name. */
import { describe, expect, it } from '@jest/globals';
import { node, one, steps, told } from './support/argo.js';

const ENV =
  '[{ name: A, value: a }, { name: B, value: "$(A)-$(LATER)-$$(A)" }, { name: LATER, value: l }, { name: W, value: "{{workflow.name}}" }, { name: T, valueFrom: { secretKeyRef: { name: s, key: k } } }]';

describe('$(NAME)', () => {
  const made = (text: string) => {
    const conversion = one(
      `container: { image: i, env: ${ENV}, command: [c], args: [${JSON.stringify(text)}] }`,
    );
    return { container: node(conversion)?.container, told: told(conversion) };
  };

  it.each([
    ['$(A) $(B)', 'a a-$(LATER)-$(A)'],
    ['$$(A) $$$(A) $A ${A}', '$(A) $a $A ${A}'],
    ['$(NONE) $(A', '$(NONE) $(A'],
    ['$(W) {{workflow.name}}', '${{ input.workflow.name }} ${{ input.workflow.name }}'],
  ])('%s is %s', (text, expected) => {
    const { container, told: losses } = made(text);
    expect(container?.command).toEqual([expected]);
    expect(losses).toHaveLength(1); // that of the secret
  });

  it('is put into values that stand behind it, also into the command', () => {
    const { container } = made('x');
    expect(container?.env).toMatchObject({ B: 'a-$(LATER)-$(A)' });
    const command = one('container: { image: i, env: [{ name: A, value: a }], command: ["$(A)"] }');
    expect(node(command)?.container?.entrypoint).toEqual(['a']);
  });

  it('stays where it is a secret, which is a loss', () => {
    const { container, told: losses } = made('-p=$(T)');
    expect(container?.command).toEqual(['-p=$(T)']);
    expect(losses).toContain(
      '[0].container.args[0]: $(T) is known only where it runs; it stays as text, so let a shell read $T',
    );
  });

  it('is nothing in a script', () => {
    const script = one(
      'script: { image: i, env: [{ name: A, value: a }], source: "echo $(A) $$" }',
    );
    expect(node(script)?.container?.files).toEqual({ script: 'echo $(A) $$' });
  });

  it('values that hold each other many times do not grow without end', () => {
    const env = Array.from(
      { length: 60 },
      (_none, at) => `{ name: V${at}, value: "${at === 0 ? 'xxxx' : `$(V${at - 1})`.repeat(4)}" }`,
    );
    const grown = one(`container: { image: i, env: [${env.join(', ')}], command: [c] }`);
    expect(told(grown).join()).toContain('too long with its variables put in; they stay as text');
  });
});

describe('a secret', () => {
  const template = (of: string) =>
    `container: { image: i, command: [c], env: [{ name: P, valueFrom: { secretKeyRef: { name: ${of}, key: pw } } }] }`;
  const losses = (...of: string[]) =>
    told(steps(of.map((each, at): [string, string] => [`s${at}`, template(each)])));

  it('of a name that another one has is a loss that says so', () => {
    expect(losses('db', 'smtp')).toEqual([
      expect.stringContaining(
        'the secret P is asked for, where the key "pw" of the secret "db" was',
      ),
      '[2].container.env[0].valueFrom.secretKeyRef: the secret P is the key "pw" of the secret "db" already, and is asked for here too, where the key "pw" of the secret "smtp" was; give one of the two variables another name, also in its program, and the worker a secret of that name',
    ]);
  });

  it('has its name for itself where the one before became no program', () => {
    const none = template('db').replace('[c]', `["${'x'.repeat(40_000)}"]`);
    const made = told(
      steps([
        ['a', none],
        ['b', template('smtp')],
      ]),
    );
    expect(made.at(-1)).toContain(
      'the secret P is asked for, where the key "pw" of the secret "smtp"',
    );
  });

  it('may be read by several', () => {
    expect(losses('db', 'db').filter((line) => line.includes('already'))).toEqual([]);
  });
});
