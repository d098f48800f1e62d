import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const src = join(import.meta.dirname, '..', '..', 'src');

const sources = new Map<string, ts.SourceFile>();

function parsed(file: string): ts.SourceFile {
  const known = sources.get(file);
  if (known) return known;
  const text = readFileSync(file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  sources.set(file, source);
  return source;
}

/** Names that a module hands on, with the name and the module that they have there. */
function handedOn(source: ts.SourceFile): { name: string; there: string; file: string }[] {
  return source.statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || !statement.moduleSpecifier) return [];
    const { exportClause, moduleSpecifier } = statement;
    if (!exportClause || !ts.isNamedExports(exportClause)) return [];
    const from = (moduleSpecifier as ts.StringLiteral).text.replace(/\.js$/, '.ts');
    const file = join(dirname(source.fileName), from);
    return exportClause.elements.map(({ name, propertyName }) => ({
      name: name.text,
      there: (propertyName ?? name).text,
      file,
    }));
  });
}

/** The statements that declare a name, followed through the modules that hand it on. */
function declarations(name: string, file: string): ts.Node[] {
  const source = parsed(file);
  const own = source.statements.filter((statement) =>
    ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.some((one) => one.name.getText() === name)
      : (statement as { name?: ts.Identifier }).name?.text === name,
  );
  const further = handedOn(source).find((one) => one.name === name);
  return own.length > 0 || !further ? own : declarations(further.there, further.file);
}

const documented = (node: ts.Node) => ts.getJSDocCommentsAndTags(node).length > 0;

describe('what is exported', () => {
  it.each(['index', 'worker', 'testing'])('by %s says to editors what it is', (door) => {
    const source = parsed(join(src, `${door}.ts`));
    const own = source.statements.filter(
      (statement) =>
        ts.canHaveModifiers(statement) &&
        ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword),
    );
    expect(own.filter((one) => !documented(one)).map((one) => one.getText().slice(0, 80))).toEqual(
      [],
    );
    const names = handedOn(source);
    if (door === 'index') expect(names.length).toBeGreaterThan(100);
    const silent = names.filter(
      ({ there, file }) => !declarations(there, file).some((one) => documented(one)),
    );
    expect(silent.map(({ name, file }) => `${file.slice(src.length + 1)} ${name}`)).toEqual([]);
  });
});
