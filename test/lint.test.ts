import { execFile } from 'node:child_process';
import { join } from 'node:path';

interface FileReport {
  filePath: string;
  messages: { ruleId: string; message: string }[];
}

/** Lints the fixture with the project's own rules; typed rules need a process without jest's module loader. */
async function lintFixture(): Promise<Record<string, string[]>> {
  const cwd = join(__dirname, 'fixtures', 'lint');
  const eslint = join(__dirname, '..', 'node_modules', 'eslint', 'bin', 'eslint.js');
  const text = await new Promise<string>((done) => {
    execFile(process.execPath, [eslint, 'src', '--format', 'json'], { cwd }, (_error, stdout) =>
      done(stdout),
    );
  });
  const reports = JSON.parse(text) as FileReport[];
  return Object.fromEntries(
    reports.map(({ filePath, messages }) => [
      filePath.split(/[\\/]/).at(-1),
      messages.map(({ ruleId, message }) => `${ruleId}: ${message}`),
    ]),
  ) as Record<string, string[]>;
}

describe('the lint rules', () => {
  it('catch a forgotten await, an import against the arrows, a Node module and a local activity where none may be', async () => {
    const reports = await lintFixture();
    expect(reports['forgets.ts']).toEqual([
      expect.stringContaining('@typescript-eslint/no-floating-promises'),
    ]);
    expect(reports['upwards.ts']).toEqual([
      expect.stringMatching(/no-restricted-imports.*node:fs.*src\/domain may use only/),
      expect.stringMatching(/no-restricted-imports.*src\/domain may import only itself/),
    ]);
    expect(reports['local.ts']).toEqual([
      expect.stringMatching(/no-restricted-syntax.*use work or workAtStart/),
    ]);
  });
});
