/** What workflow threads load once: `src/workflows/preload.ts`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));
const read = (path: string): string => readFileSync(join(SRC, path), 'utf8');
const importsOf = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?'(\.[^']+)\.js';/gm)].map(
    ([, path = '']) => path.split('/').at(-1) as string,
  );

it('every domain module that workflows import is preloaded', () => {
  const preloaded = new Set(importsOf(read('workflows/preload.ts')));
  const wanted = readdirSync(join(SRC, 'workflows')).flatMap((file) =>
    [
      ...read(`workflows/${file}`).matchAll(
        /^import (?!type\b)[^;]*?'\.\.\/domain\/([^']+)\.js';/gm,
      ),
    ].map(([, name = '']) => name),
  );
  expect([...new Set(wanted)].filter((name) => !preloaded.has(name))).toEqual([]);
});

it('nothing at the top of a preloaded module can change, where something of an execution could stay', () => {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    importsOf(read(`domain/${name}.ts`)).forEach(visit);
  };
  importsOf(read('workflows/preload.ts')).forEach(visit);
  expect(reached.size).toBeGreaterThan(40);
  const changing =
    /^(?:export )?(?:(?:let|var) .*|const (\w+)(?:: (?!Readonly|readonly)[^=]*)? = (?:new (?:Weak)?(?:Map|Set)\b.*|\[\];|\{\};))/gm;
  const found = [...reached].flatMap((name) =>
    [...read(`domain/${name}.ts`).matchAll(changing)]
      .filter(([line]) => !/new Set(<\w+>)?\(\[/.test(line)) // a set of constants
      .map(([line]) => `${name}: ${line}`),
  );
  // Environments of expressions, by which variables there are: the same whoever asks.
  expect(found).toEqual(['expression: const shared = new Map<Variables, Environment>();']);
});
