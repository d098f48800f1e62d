/** What a user's compiler says: of a package that exports tasks and graphs, and of the commonest mistakes. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildCli } from './support/cli.js';

const run = promisify(execFile);
const root = join(__dirname, '..');

const PROGRAM = `
import { defineGraph, defineTask, secret } from 'tempograph';
import { mock } from 'tempograph/testing';
import { z } from 'zod';
export const order = defineTask({
  name: 'order',
  input: z.object({ id: z.string(), count: z.int().default(1) }),
  output: z.object({ cents: z.int(), skus: z.array(z.string()) }),
  run: ({ count }) => ({ cents: count, skus: [] }),
});
export const note = defineTask({ name: 'note', run: ({ text }: { text: string }) => text });
export const made = defineTask({ name: 'made', run: () => ({ a: 1 }), processResult: ({ a }) => String(a) });
export const graph = defineGraph('g', { params: { id: z.string(), mode: { type: 'string', default: 'x' } } });
export const node = graph.add('order', order, { input: { id: graph.params.id } });
export const notes = graph.map('notes', node.output.skus, note, { input: (text) => ({ text }) });
export const typed = graph.leaves({ notes });
export const day = graph.param('day', { type: 'string' });
export const token = secret('TOKEN');
export const stands = mock(order, () => ({ cents: 1, skus: [] }));
`;

const COMMON_JS = `
import tempograph = require('tempograph');
export const note = tempograph.defineTask({ name: 'note', run: ({ n }: { n: number }) => n });
`;

const SCRIPT = `
import { defineTask } from 'tempograph';
export const size = defineTask({
  name: 'size',
  /** @param {{ text: string }} input */
  run: ({ text }) => text.length,
});
`;

const WRONG = `
import { defineGraph } from 'tempograph';
import { note, order } from './program.js';
const graph = defineGraph('g');
const bought = graph.add('bought', order, { input: { id: 'x' } });
graph.add('a', note, {
  input: { txt: 'a field that there is not' },
});
graph.add('b', note, {
  dependsOn: ['bought'],
});
graph.add('c', note, {
  input: { text: bought.output.cents },
});
`;

/** @returns a folder with the built package in its node_modules, and what that depends on */
function project(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-types-'));
  const modules = join(folder, 'node_modules');
  const installed = join(modules, 'tempograph');
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
  cpSync(join(root, 'lib'), join(installed, 'lib'), {
    recursive: true,
    filter: (path) => !/\.(?:js|map)$|[\\/]page$/.test(path),
  });
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), '@types', 'undici-types']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function compiled(folder: string, options: object): Promise<string> {
  const compilerOptions = {
    ...{ target: 'es2022', lib: ['es2023'], types: ['node'], strict: true, skipLibCheck: true },
    ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, outDir: 'out' },
    ...options,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], {
    cwd: folder,
  }).catch((failed: unknown) => failed as { stdout: string });
  return stdout;
}

describe('the types of the package', () => {
  beforeAll(() => buildCli());

  it('give short declarations of what a package exports, from ESM, CommonJS and JavaScript', async () => {
    const folder = project({
      ...{ 'program.ts': PROGRAM, 'old.cts': COMMON_JS, 'script.js': SCRIPT },
    });
    const js = { allowJs: true, checkJs: true };
    expect(await compiled(folder, { module: 'nodenext', declaration: true, ...js })).toBe('');
    const written = readFileSync(join(folder, 'out', 'program.d.ts'), 'utf8');
    expect(written).toContain(`export declare const day: import("tempograph").Reference<string>;`);
    expect(written).toMatch(
      /export declare const made: import\("tempograph"\)\.TaskDefinition<unknown, string, unknown, {\s+a: number;\s+}>;/,
    );
    expect(written.split('\n').length).toBeLessThan(60);
  });

  it('say of a mistake where it is, and in a line or three what was expected', async () => {
    const folder = project({ 'program.ts': PROGRAM, 'wrong.ts': WRONG });
    const said = await compiled(folder, {
      ...{ module: 'esnext', moduleResolution: 'bundler', noEmit: true },
    });
    expect(said.trimEnd().split('\n')).toEqual([
      `wrong.ts(7,12): error TS2561: Object literal may only specify known properties, but 'txt' does not exist in type 'Templated<{ text: string; }>'. Did you mean to write 'text'?`,
      `wrong.ts(10,15): error TS2322: Type 'string' is not assignable to type 'NodeHandle<unknown>'.`,
      `wrong.ts(13,12): error TS2322: Type 'Reference<number>' is not assignable to type 'Templated<string>'.`,
      `  Type 'Reference<number>' is not assignable to type 'Reference<string>'.`,
      `    Type 'number' is not assignable to type 'string'.`,
    ]);
  });
});
