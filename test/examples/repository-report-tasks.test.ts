import * as fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import { execa } from 'execa';
import { shortened, visible } from '../../examples/repository-report/display.js';
import * as git from '../../examples/repository-report/git.js';
import { type History, readHistory } from '../../examples/repository-report/history.js';
import { languageOf } from '../../examples/repository-report/languages.js';
import { addCounts, countLines } from '../../examples/repository-report/lines.js';
import { checkLinks } from '../../examples/repository-report/links.js';
import { anchorsIn, linksIn } from '../../examples/repository-report/markdown-links.js';
import { writeReport } from '../../examples/repository-report/report-file.js';
import { htmlReport } from '../../examples/repository-report/report-html.js';
import { markdownReport } from '../../examples/repository-report/report-markdown.js';
import { joinReport } from '../../examples/repository-report/report.js';

const NAMES = 'a  b.ts|ü/日本.md|new\nline.ts|tab\tx|-rf|commit 1|1\t2\t3|HEAD|"q"'.split('|');

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => fs.rm(folder, { recursive: true }))));
afterEach(() => void jest.restoreAllMocks());

async function emptyFolder(): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'repository-report-'));
  folders.push(folder);
  return fs.realpath(folder); // macOS keeps its temporary folder behind a link, which git resolves
}

/** Without the configuration of whoever runs the test, and without what a git hook sets. */
const GIT_ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: os.devNull,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_DIR: undefined,
  GIT_INDEX_FILE: undefined,
  EMAIL: 'author@example.com',
};

/** A repository in a folder of its own. */
async function setup() {
  const root = await emptyFolder();
  const run = (...args: string[]) =>
    execa('git', ['-c', 'user.name=Ada', ...args], { cwd: root, env: GIT_ENVIRONMENT });
  const write = async (files: Record<string, string>) => {
    for (const [file, content] of Object.entries(files)) {
      await fs.mkdir(path.dirname(path.join(root, file)), { recursive: true });
      await fs.writeFile(path.join(root, file), content);
    }
  };
  const commit = async (files: Record<string, string>, author = 'Ada') => {
    await write(files);
    await run('add', '--all');
    const options = ['--quiet', '--allow-empty', '--message=change'];
    await run('-c', `user.name=${author}`, 'commit', ...options);
  };
  /** Two branches that each add a commit to what there is. */
  const fork = async (ours: Record<string, string>, theirs: Record<string, string>) => {
    await run('checkout', '--quiet', '-b', 'theirs');
    await commit(theirs);
    await run('checkout', '--quiet', 'main');
    await commit(ours);
  };
  await run('init', '--quiet', '--initial-branch=main');
  return { root, run, write, commit, fork };
}

const withNames = (names: string[]) => Object.fromEntries(names.map((name) => [name, 'text\n']));
const commitsOf = (history: History) =>
  Object.fromEntries(history.files.map(({ path: file, commits }) => [file, commits]));
const all = { maxCommits: 1_000, top: 100 };

describe('repositoryRoot', () => {
  it('finds the root from a folder inside', async () => {
    const { root, write } = await setup();
    await write({ 'a/b/c.ts': '' });
    expect(await git.repositoryRoot(path.join(root, 'a/b'))).toBe(root);
  });

  it('refuses a folder in no repository, naming it, as an error not worth a retry', async () => {
    const folder = await emptyFolder();
    const message = expect.stringContaining(`"${folder}" is in no git work tree`);
    await expect(git.repositoryRoot(folder)).rejects.toMatchObject({ message, retriable: false });
  });

  it('refuses a folder that is not there, naming it', async () => {
    const folder = path.join(await emptyFolder(), 'missing');
    await expect(git.repositoryRoot(folder)).rejects.toThrow(`"${folder}" is not a folder`);
  });

  it('says that git is missing where it is', async () => {
    const folder = await emptyFolder();
    jest.replaceProperty(process, 'env', { PATH: folder });
    await expect(git.repositoryRoot(folder)).rejects.toThrow('git was not found');
  });
});

describe('trackedFiles', () => {
  it('gives every tracked name as it is, and no other file', async () => {
    const { root, run, write } = await setup();
    await write(withNames(NAMES));
    await run('add', '--all');
    await write({ 'untracked.ts': '' });
    expect(await git.trackedFiles(root)).toEqual([...NAMES].sort());
  });

  it('lists the repository it is given, whatever GIT_DIR says', async () => {
    const [here, elsewhere] = [await setup(), await setup()];
    await elsewhere.commit({ 'elsewhere.ts': '' });
    const GIT_DIR = path.join(elsewhere.root, '.git');
    jest.replaceProperty(process, 'env', { ...process.env, GIT_DIR });
    expect(await git.trackedFiles(here.root)).toEqual([]);
  });

  it('lists a file in conflict once', async () => {
    const { root, run, commit, fork } = await setup();
    await commit({ 'a.txt': 'base\n' });
    await fork({ 'a.txt': 'ours\n' }, { 'a.txt': 'theirs\n' });
    await expect(run('merge', 'theirs')).rejects.toThrow('CONFLICT');
    expect(await git.trackedFiles(root)).toEqual(['a.txt']);
  });
});

describe('splitAtNul', () => {
  it('gives the same parts wherever the bytes are cut', async () => {
    const bytes = Buffer.from('ä\n\0\0日本\0last');
    for (let at = 0; at <= bytes.length; at++) {
      const chunks = [bytes.subarray(0, at), bytes.subarray(at)];
      const parts: string[] = [];
      for await (const part of git.splitAtNul(Readable.from(chunks))) parts.push(part);
      expect(parts).toEqual(['ä\n', '', '日本', 'last']);
    }
  });
});

describe('gitParts', () => {
  it('ends with the reason of the signal', async () => {
    const { root } = await setup();
    const reason = new Error('stopped by a person');
    const where = { directory: root, signal: AbortSignal.abort(reason) };
    await expect(git.gitParts(['ls-files', '-z'], where).next()).rejects.toBe(reason);
  });
});

describe('readHistory', () => {
  it('counts commits and lines per file and author, the most first', async () => {
    const { root, commit } = await setup();
    await commit({ 'a.ts': '1\n2\n', 'b.ts': '1\n' });
    await commit({ 'a.ts': '1\n3\n4\n' }, 'Grace');
    await commit({ 'a.ts': '1\n' });
    const { authors, files, ...numbers } = await readHistory(root, all);
    expect(numbers).toMatchObject({ commits: 3, partial: false, authorCount: 2 });
    expect(authors).toEqual([
      { name: 'Ada', commits: 2, addedLines: 3, removedLines: 2 },
      { name: 'Grace', commits: 1, addedLines: 2, removedLines: 1 },
    ]);
    expect(files).toEqual([
      { path: 'a.ts', commits: 3, addedLines: 4, removedLines: 3 },
      { path: 'b.ts', commits: 1, addedLines: 1, removedLines: 0 },
    ]);
  });

  it('reads any name of a file or a person', async () => {
    const { root, commit } = await setup();
    await commit(withNames(NAMES), 'commit 0\t1\t"Ünï" 日本');
    const history = await readHistory(root, all);
    expect(commitsOf(history)).toEqual(Object.fromEntries(NAMES.map((name) => [name, 1])));
    expect(history.authors.map(({ name }) => name)).toEqual(['commit 0\t1\t"Ünï" 日本']);
  });

  it('counts a renamed file under its newest name, through several renames', async () => {
    const { root, run, commit } = await setup();
    await commit({ 'first name.ts': 'one\ntwo\nthree\n' });
    await run('mv', 'first name.ts', 'second\nname.ts');
    await commit({});
    await run('mv', 'second\nname.ts', 'drei.ts');
    await commit({});
    expect(commitsOf(await readHistory(root, all))).toEqual({ 'drei.ts': 3 });
  });

  it('counts a binary file without lines, and an empty commit without files', async () => {
    const { root, commit } = await setup();
    await commit({ 'image.png': '\0\x01' });
    await commit({});
    await commit({ 'image.png': '\0\x02' });
    const { commits, files } = await readHistory(root, all);
    expect(commits).toBe(3);
    expect(files).toEqual([{ path: 'image.png', commits: 2, addedLines: 0, removedLines: 0 }]);
  });

  it('leaves merges out', async () => {
    const { root, run, commit, fork } = await setup();
    await commit({ 'a.ts': '' });
    await fork({ 'b.ts': '' }, { 'c.ts': '' });
    await run('merge', '--quiet', '--no-edit', 'theirs');
    expect((await readHistory(root, all)).commits).toBe(3);
  });

  it('reads at most maxCommits, newest first, reports each, and says that there are more', async () => {
    const { root, commit } = await setup();
    for (const name of ['a', 'b', 'c']) await commit({ [name]: '' });
    const seen: string[] = [];
    const onCommit = (done: number, total: number) => seen.push(`${done}/${total}`);
    const history = await readHistory(root, { maxCommits: 2, top: 1, onCommit });
    expect(history).toMatchObject({ commits: 2, partial: true, files: [{ path: 'b' }] });
    expect(seen).toEqual(['1/2', '2/2']);
  });

  it('does not take every file of a shallow clone for a changed one', async () => {
    const { root, run, commit } = await setup();
    await commit({ 'a.ts': '1\n', 'b.ts': '1\n' });
    await commit({ 'a.ts': '2\n' });
    await commit({ 'b.ts': '2\n' });
    const clone = path.join(await emptyFolder(), 'clone');
    await run('clone', '--quiet', '--depth=2', `file://${root}`, clone);
    const history = await readHistory(clone, all);
    expect(history).toMatchObject({ commits: 2, partial: true });
    expect(commitsOf(history)).toEqual({ 'b.ts': 1 });
  });

  it('is empty before the first commit', async () => {
    const { root } = await setup();
    const nothing = { commits: 0, partial: false, from: null, authors: [], files: [] };
    expect(await readHistory(root, all)).toMatchObject(nothing);
  });
});

describe('languageOf', () => {
  it.each([
    ['src/a.test.ts A.TS', 'TypeScript'],
    ['build/Dockerfile', 'Docker'],
    ['package-lock.json yarn.lock', 'Lock files'],
    ['LICENSE .gitignore a.constructor', 'Other'],
  ])('takes %s for %s', (files, language) => {
    expect(new Set(files.split(' ').map(languageOf))).toEqual(new Set([language]));
  });
});

describe('countLines', () => {
  it('counts lines per language, the most first, and a last line without its end', async () => {
    const { root, write } = await setup();
    const files = { 'a.css': '', 'b.py': '1\r\n\r\n', 'c.ts': '1\n\n3', 'new\nline.ts': '1' };
    await write(files);
    const { languages } = await countLines(root, Object.keys(files));
    expect(languages).toEqual([
      { language: 'TypeScript', files: 2, lines: 4 },
      { language: 'Python', files: 1, lines: 2 },
      { language: 'CSS', files: 1, lines: 0 },
    ]);
  });

  it('skips what is binary, large, gone, or no file, and follows no link', async () => {
    const { root, write } = await setup();
    const large = 'x'.repeat(4 * 1024 * 1024 + 1);
    await write({ 'image.png': 'x\0', 'data.json': large, 'folder/a.ts': '' });
    await fs.symlink('/etc', path.join(root, 'link.ts'));
    const files = ['image.png', 'data.json', 'gone.ts', 'folder', 'link.ts'];
    const skipped = { binary: 1, tooLarge: 1, unreadable: 1, notAFile: 2 };
    expect(await countLines(root, files)).toEqual({ languages: [], skipped });
  });

  it('stops with the reason of the signal', async () => {
    const { root, write } = await setup();
    await write(withNames(['a.ts', 'b.ts']));
    const controller = new AbortController();
    const onFile = () => controller.abort(new Error('stopped by a person'));
    const counting = countLines(root, ['a.ts', 'b.ts'], { signal: controller.signal, onFile });
    await expect(counting).rejects.toThrow('stopped by a person');
  });

  it('counts slices of a list that add up to the whole list', async () => {
    const { root, write } = await setup();
    const files = ['a.ts', 'b.ts', 'c.py', 'gone.ts'];
    await write(withNames(files.slice(0, 3)));
    const slices = await Promise.all(files.map((file) => countLines(root, [file])));
    expect(addCounts(slices)).toEqual(await countLines(root, files));
  });
});

describe('linksIn', () => {
  it.each([
    ['[text](a.md) ![image](a.png "title")', ['a.md', 'a.png']],
    ['[![badge](b.svg)](c.md) but no [link] (here)', ['b.svg', 'c.md']],
    ['[text](<a b.md>) [text](a_(b).md)', ['a b.md', 'a_(b).md']],
    [String.raw`[text](a\_b.md)`, ['a_b.md']],
    ['[name]: a.md "title"\n[^1]: a footnote', ['a.md']],
    [`<a href="a.md">x</a> <img alt='' src='b.png'>`, ['a.md', 'b.png']],
    ['`[text](a.md)` and [`code`](b.md)', ['b.md']],
    ['<!-- [text](a.md)\n[text](b.md) --> [text](c.md)', ['c.md']],
    ['- ~~~~ts\n  [text](a.md)\n  ~~~\n  ~~~~\n[text](b.md)', ['b.md']],
  ])('finds in %j: %j', (markdown, targets) => {
    expect(linksIn(markdown).map(({ target }) => target)).toEqual(targets);
  });

  it('counts lines from 1, past code and comments', () => {
    expect(linksIn('a\r\n```\nx\n```\n<!--\n-->[x](y)')).toEqual([{ target: 'y', line: 6 }]);
  });
});

describe('anchorsIn', () => {
  it.each([
    ['# Two words', ['two-words']],
    ['## `code()` & **more**! ##', ['code--more']],
    ['# snake_case and _emphasis_', ['snake_case-and-emphasis']],
    ['# [Linked](a.md) text', ['linked-text']],
    ['# Größe 日本', ['größe-日本']],
    ['Underlined\n===', ['underlined']],
    ['# Same\n## Same\n### Same', ['same', 'same-1', 'same-2']],
    ['# Title {#own}', ['own', 'title']],
    ['<a name="old-name"></a><h2 id=other>', ['old-name', 'other']],
    ['```\n# comment in code\n```\n#hashtag', []],
  ])('offers in %j: %j', (markdown, anchors) => {
    expect([...anchorsIn(markdown)]).toEqual(anchors);
  });
});

describe('checkLinks', () => {
  const check = async (links: string[]) => {
    const { root, write } = await setup();
    const page = links.map((link) => `[x](<${link}>)`).join('\n');
    await write({ 'docs/page.md': page, 'docs/ünï codé.md': '# Some heading' });
    await write({ 'README.md': '# Top', 'src/a.ts': '' });
    return checkLinks(root, ['docs/page.md']);
  };

  it('follows encoded, rooted and relative links, folders and anchors', async () => {
    const encoded = '%C3%BCn%C3%AF%20cod%C3%A9.md#some-heading';
    const files = ['ünï codé.md', encoded, './ünï codé.md?plain=1#Some-Heading', '/src/a.ts#L10'];
    const report = await check([...files, '../README.md#top', '../src/', '..', '#', '#top']);
    expect(report).toMatchObject({ documents: 1, internal: 9, external: 0, broken: [] });
  });

  it.each([
    ['missing.md', 'no such file'],
    ['../README.md#missing', 'no such heading'],
    ['#missing', 'no such heading'],
    ['../../outside.md', 'leads out of the repository'],
    ['100%.md', 'its % signs are not an encoding'],
    ['a%00b.md', 'no such file'],
  ])('finds %s broken: %s', async (target, reason) => {
    const { broken } = await check(['../README.md', target]);
    expect(broken).toEqual([{ document: 'docs/page.md', line: 2, target, reason }]);
  });

  it('counts links with a scheme and looks at none of them', async () => {
    const links = ['https://example.invalid/', 'mailto:a@example.com', '//example.invalid/a'];
    expect(await check(links)).toMatchObject({ internal: 0, external: 3, brokenCount: 0 });
  });

  it('lists 500 broken links and counts the others', async () => {
    const report = await check(Array.from({ length: 501 }, (_, index) => `missing-${index}.md`));
    expect([report.broken.length, report.brokenCount]).toEqual([500, 501]);
  });
});

describe('visible', () => {
  it('gives each unseen character a sign and leaves the others', () => {
    expect(visible('a\nb\tc')).toBe('a␊b␉c');
    expect(visible('evil\u202etxt.exe\u007f')).toBe('evil⟨U+202E⟩txt.exe⟨U+007F⟩');
    expect(visible('👩‍👩‍👧 日本 ü')).toBe('👩‍👩‍👧 日本 ü');
  });
});

describe('shortened', () => {
  it.each([
    ['short.ts', 'short.ts'],
    ['a/very/long/path/to/file.ts', 'a/ver…to/file.ts'],
    ['日本語日本語日本語日本語.ts', '日本…日本語.ts'],
  ])('fits %s in 16 columns as %s', (name, shown) => {
    expect(shortened(name, 16)).toBe(shown);
  });
});

// No slash, since git and the file system would not have it in a name.
const HOSTILE = `"'><script>alert(1)</script>&amp;|\`*_[x](y)\n\u202e`.replaceAll('/', '');

/** A report of a repository in which whatever can be named has a hostile name, or of a new one. */
async function reportOf(repository: 'hostile' | 'new') {
  const { root, commit } = await setup();
  const name = `${HOSTILE}.md`;
  if (repository === 'hostile') {
    await commit({ [name]: `<a href='a"onclick="alert(1)'>`, 'a.bin': '\0' }, HOSTILE);
  }
  const files = await git.trackedFiles(root);
  const slices = [await countLines(root, files)];
  const history = await readHistory(root, { maxCommits: 10, top: 1 });
  const links = await checkLinks(root, files.slice(0, 1));
  return joinReport({ root, trackedFiles: files.length, slices, history, links }, new Date(0));
}

describe('htmlReport', () => {
  it('shows hostile names as text', async () => {
    const page = htmlReport(await reportOf('hostile'));
    expect(page).toContain('&#34;&#39;&#62;&#60;script&#62;alert(1)&#60;script&#62;&#38;amp;');
    expect(page).not.toMatch(/<script|&amp;|\u202e|"'>|"onclick/);
  });

  it('has no script, fetches nothing and names no folder above the repository', async () => {
    const page = htmlReport(await reportOf('hostile'));
    expect(page).not.toMatch(/<(?:script|link|img|iframe)\b|\s(?:src|href)=|url\(|@import/i);
    expect(page).not.toContain(os.tmpdir());
  });
});

describe('markdownReport', () => {
  it('keeps hostile names inside their cells, as text', async () => {
    const text = markdownReport(await reportOf('hostile'));
    const row = text.split('\n').find((line) => line.includes('script') && line.endsWith('| 0 |'));
    expect(row?.match(/\|/g)).toHaveLength(5);
    expect(text).not.toMatch(/(?<!\\)<script|(?<!\\)\[x|(?<!\\)`|\u202e/);
  });
});

describe.each([
  ['htmlReport', htmlReport],
  ['markdownReport', markdownReport],
])('%s', (_name, written) => {
  it('says what it leaves out', async () => {
    const text = written(await reportOf('hostile'));
    expect(text).toContain('Not counted: 1 binary file.');
    expect(text).toContain('1 link into the repository in 1 Markdown file, of which 1 is broken.');
  });

  it('is whole for a new repository', async () => {
    const text = written(await reportOf('new'));
    expect(text).toContain('No files are tracked yet.');
    expect(text).toContain('There are no commits yet.');
    expect(text).not.toMatch(/NaN|undefined|null/);
  });
});

describe('writeReport', () => {
  it('makes the folder, and gives the absolute path and the size', async () => {
    const folder = path.join(await emptyFolder(), 'a/b');
    const written = { path: path.join(folder, 'report.md'), bytes: 2 };
    expect(await writeReport(folder, 'report.md', 'ü')).toEqual(written);
  });

  it('leaves one whole file and no other, however often it runs at once', async () => {
    const folder = await emptyFolder();
    const texts = Array.from({ length: 20 }, (_, index) => `${index}`.repeat(10_000));
    await Promise.all(texts.map((text) => writeReport(folder, 'report.md', text)));
    expect(await fs.readdir(folder)).toEqual(['report.md']);
    expect(texts).toContain(await fs.readFile(path.join(folder, 'report.md'), 'utf8'));
  });

  it('leaves nothing behind when it fails', async () => {
    const folder = await emptyFolder();
    await fs.mkdir(path.join(folder, 'report.md/in-the-way'), { recursive: true });
    await expect(writeReport(folder, 'report.md', 'text')).rejects.toThrow();
    expect(await fs.readdir(folder)).toEqual(['report.md']);
  });
});
