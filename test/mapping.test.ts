/** docs/mapping.md: every row is filled in, and every test that it names is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '..');
const documents = join(root, '..', 'shared', 'requirements');
const text = readFileSync(join(root, 'docs', 'mapping.md'), 'utf8');

interface Row {
  line: number;
  cells: string[];
}

/** The rows of all tables, without their heads. */
function rowsOf(markdown: string): Row[] {
  const lines = markdown.split('\n');
  const isTable = (at: number): boolean => lines[at]?.startsWith('|') ?? false;
  return lines.flatMap((line, at) => {
    const head = !isTable(at - 1) || !isTable(at - 2);
    if (!isTable(at) || head) return [];
    const cells = line.split(/(?<!\\)\|/).slice(1, -1);
    return [{ line: at + 1, cells: cells.map((cell) => cell.trim()) }];
  });
}

/** Which argument is the title, of all that makes a test; the last three pass over one where something is missing. */
const TITLE_AT: Readonly<Record<string, number>> = {
  it: 0,
  test: 0,
  can: 1,
  withJava: 0,
  itInPython: 0,
};

/** The titles of the tests in a file, as they are written there. */
function titlesOf(file: string): Set<string> {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), 'utf8'),
    ts.ScriptTarget.Latest,
  );
  const titles = new Set<string>();
  const called = (node: ts.Expression): string => {
    if (ts.isIdentifier(node)) return node.text;
    if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node))
      return called(node.expression);
    return ts.isTaggedTemplateExpression(node) ? called(node.tag) : '';
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const at = TITLE_AT[called(node.expression)];
      const title = at === undefined ? undefined : node.arguments[at];
      if (title && ts.isStringLiteralLike(title)) titles.add(title.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

/** What is wrong with a cell of the proof column; nothing where it names tests that are there. */
function faultsOfProof(cell: string): string[] {
  if (/^not yet: .{10}/.test(cell)) return [];
  return cell.split('<br>').flatMap((proof) => {
    const [, file, title] = /^`(test\/[\w/-]+(?:\.test|-suite)\.ts)` › (.+)$/.exec(proof) ?? [];
    if (file === undefined || title === undefined)
      return [`expected \`<file>\` › <title>, or "not yet: <why>", got ${proof}`];
    if (!existsSync(join(root, file))) return [`there is no ${file}`];
    if (file.endsWith('-suite.ts') && !isRun(file)) return [`no test runs ${file}`];
    return known(file).has(title) ? [] : [`${file} has no test "${title}"`];
  });
}

/** Whether a file of tests takes its tests from a suite. */
const isRun = (suite: string): boolean =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).some(
    (file) =>
      file.endsWith('.test.ts') &&
      readFileSync(join(root, 'test', file), 'utf8').includes(`/${basename(suite, '.ts')}.js'`),
  );

const files = new Map<string, Set<string>>();
function known(file: string): Set<string> {
  let titles = files.get(file);
  if (!titles) files.set(file, (titles = titlesOf(file)));
  return titles;
}

/** The names that a document defines: classes, functions, parameters, fields, constants. */
function namesIn(document: string): Set<string> {
  const names = new Set<string>();
  const take = (pattern: RegExp, from = document): void => {
    for (const [, name = ''] of from.matchAll(pattern)) names.add(name);
  };
  take(/^#{3,4} `(?:class |\.)?(\w+)/gm);
  take(/^##### (\w+)$/gm);
  take(/^### (\w+_\w+)/gm);
  take(/^- `(\w+)`:/gm);
  take(/^ {2}- `(\w+)`:/gm);
  take(/^- \*\*([A-Z_]+|\w+(?:Error|Strategy|Engine|State))\*\*/gm);
  take(/^- \*\*((?:[A-Z]\w+ )?(?:ID|Type|Priority|Parameters|Strategy|Dependencies|Status))\*\*/gm);
  take(/TEE\[?.*?--> \w+\[(\w+)\]/g);
  take(/--> \w+\[(Dagger\w+)\]/g);
  take(/(?:automata\.tasks\.\w+\.)(\w+)``/g);
  for (const [, list = ''] of document.matchAll(/^#{3,4} `?\.?\w+\(([^)]*)\)/gm))
    for (const part of list.split(',')) take(/^\s*(\w+)/g, part.replace(/^\s*(self|cls)\b/, ''));
  for (const [, code = ''] of document.matchAll(/^```typescript\n([\s\S]*?)^```/gm)) {
    take(/^(?:async )?function (\w+)/gm, code);
    take(/^ {2,}(\w+): /gm, code);
  }
  take(/^\| ([A-Z][a-z]+(?:[ -][A-Za-z]+)*) +\|.*\|$/gm, document.replace(/^\|.*\|\n\|-.*$/gm, ''));
  names.delete('__init__'); // a constructor stands under its class
  return names;
}

describe('docs/mapping.md', () => {
  const rows = rowsOf(text);

  it('has a row for everything, four cells in each, none of them empty', () => {
    expect(rows.length).toBeGreaterThan(360);
    const faulty = rows.filter(({ cells }) => cells.length !== 4 || cells.some((cell) => !cell));
    expect(faulty).toEqual([]);
  });

  it('names only tests that are there, by file and title, or says why there is none yet', () => {
    const faults = rows.flatMap(({ line, cells }) =>
      faultsOfProof(cells[2] ?? '').map((fault) => `line ${line}: ${fault}`),
    );
    expect(faults).toEqual([]);
  });

  it.each([
    ['A', 4],
    ['B', 4],
    ['C', 22],
    ['D', 7],
    ['E', 10],
  ])('has each of the rows of %s', (letter, count) => {
    const ids = rows.flatMap(({ cells }) => /^([A-E]\d+): /.exec(cells[0] ?? '')?.[1] ?? []);
    expect(ids.filter((id) => id.startsWith(letter))).toEqual(
      Array.from({ length: count }, (_none, at) => `${letter}${at + 1}`),
    );
  });

  it.each([
    ['a file that is not there', '`test/nowhere.test.ts` › x', /there is no/],
    ['a title that is not there', '`test/mapping.test.ts` › x', /has no test "x"/],
    ['no reason', 'not yet', /expected/],
    ['nothing', '', /expected/],
  ])('would not pass with %s', (_name, cell, fault) => {
    expect(faultsOfProof(cell)).toEqual([expect.stringMatching(fault)]);
  });

  it('links only to files that are there', () => {
    const targets = [...text.matchAll(/\]\((\.\.[^)#]+)\)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !existsSync(join(root, 'docs', target)))).toEqual([]);
    expect(targets.length).toBeGreaterThan(0);
  });

  const found = existsSync(documents)
    ? readdirSync(documents).filter((name) => /^00[0-4]_.*\.txt$/.test(name))
    : [];
  if (found.length === 0)
    it.skip('has every name of the documents (skipped: no shared/requirements next to this checkout)', () =>
      undefined);
  else
    it.each(found)('has every name that %s defines', (file) => {
      const names = namesIn(readFileSync(join(documents, file), 'utf8'));
      const there = rows.map(({ cells }) => cells[0] ?? '').join('\n');
      expect(names.size).toBeGreaterThan(3);
      const missing = [...names].filter((name) => !new RegExp(`\\b${name}\\b`).test(there));
      expect(missing).toEqual([]);
    });
});

describe('the card', () => {
  it('the card’s packages and files are here', () => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    const temporal = ['client', 'worker', 'workflow', 'activity', 'testing'];
    const packages = [...temporal.map((name) => `@temporalio/${name}`), 'zod', 'jest'];
    expect(Object.keys({ ...dependencies, ...devDependencies })).toEqual(
      expect.arrayContaining(packages),
    );
    const places = ['src/workflows', 'src/activities', 'src/worker.ts', 'src/client.ts', 'test'];
    expect(
      [...places, 'package.json', 'tsconfig.json'].filter(
        (place) => !existsSync(join(root, place)),
      ),
    ).toEqual([]);
  });
});
