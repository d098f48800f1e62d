import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePipeline, type AnyTask, type GraphSpec } from '../../src/index.js';
import tasks from '../../examples/repository-report/tasks.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('examples/repository-report', () => {
  let harness: Harness;
  beforeAll(
    async () => void (harness = await startHarness({ tasks: tasks as unknown as AnyTask[] })),
  );
  afterAll(() => harness.stop());

  it('examines a repository to its end: the link check fails once and is retried, the report is written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-example-'));
    const git = (...args: string[]): unknown =>
      execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], {
        cwd: folder,
      });
    git('init', '-q');
    writeFileSync(join(folder, 'one.ts'), 'export const one = 1;\n');
    writeFileSync(join(folder, 'README.md'), '# Title\n[gone](nowhere.md)\n');
    git('add', '.');
    git('commit', '-qm', 'first');

    const file = join(__dirname, '..', '..', 'examples', 'repository-report', 'pipeline.yaml');
    const { spec, faults } = parsePipeline(readFileSync(file, 'utf8'));
    expect(faults).toEqual([]);
    const output = join(folder, 'out');
    const handle = await harness.engine.scheduleTaskGraph(spec as GraphSpec, {
      params: { directory: folder, output },
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(Object.values(nodes).every((node) => node.status === 'COMPLETED')).toBe(true);
    expect(nodes['links']?.attempts).toBe(2);
    const report = nodes['report']?.output as { markdown: string; html: string; summary: object };
    expect(report.summary).toMatchObject({ files: 2, commits: 1, brokenLinks: 1 });
    expect(readFileSync(report.markdown, 'utf8')).toContain('nowhere.md');
    expect(readFileSync(report.html, 'utf8')).toContain('<svg');
    expect(existsSync(report.html)).toBe(true);
  });
});
