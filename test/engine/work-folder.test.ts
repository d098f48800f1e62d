/** What killed workers leave of files on their way is found and removed, and nothing that is in use. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOwnName, ownName, processState, stateOf } from '../../src/process-name.js';
import { sweepWorkFolders, withWorkFolder } from '../../src/work-folder.js';
import { startLoopback, type Loopback } from '../support/loopback.js';
import { until } from '../support/until.js';

const WEEK_MS = 7 * 86_400_000;
const ROOT = process.getuid?.() === 0;

let place: string;
let server: Loopback | undefined;
const children: ChildProcess[] = [];
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'work-folders-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await server?.close();
  server = undefined;
  rmSync(place, { recursive: true, force: true });
});

/** A name as another process has it: boot, namespace, process id, start, chance. */
const nameWith = (part: 1 | 2 | 3 | 4, value: string): string =>
  ownName().split('-').with(part, value).join('-');
const make = (name: string, ageMs = 0): string => {
  const folder = join(place, name);
  mkdirSync(folder);
  writeFileSync(join(folder, '0'), 'half of it');
  const at = (Date.now() - ageMs) / 1_000;
  utimesSync(folder, at, at);
  return folder;
};
const dead = (): string => nameWith(4, '1');
const left = (): string[] => readdirSync(place);

describe('a worker that is killed while it', () => {
  const start = (how: string, more = ''): ChildProcess => {
    const program = join(__dirname, 'programs', 'moves-files.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', program, how, place, more], {
      env: {
        ...{ PATH: process.env['PATH'], TMPDIR: place },
        ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return child;
  };
  const folders = (): string[] => left().filter(isOwnName);

  /** Two of them: one is killed, and the other goes on. */
  const expectSwept = async (begin: () => Promise<ChildProcess>): Promise<void> => {
    const killed = await begin();
    const [of] = folders();
    await begin();
    expect(folders()).toHaveLength(2);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(await sweepWorkFolders(place, Date.now() + 2 * WEEK_MS)).toEqual([join(place, `${of}`)]);
    expect(folders()).toHaveLength(1);
  };

  it('brings files leaves nothing for longer than to the next sweep', async () => {
    await expectSwept(async () => {
      const child = start('brings files');
      await once(child.stdout as NodeJS.ReadableStream, 'data');
      return child;
    });
  });

  it('stores a file in a folder leaves nothing for longer than to the next sweep', async () => {
    const pipe = join(place, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expectSwept(async () => {
      const before = folders().length;
      const child = start('stores a file in a folder', pipe);
      await until(() => folders().length > before, 'the folder');
      return child;
    });
  });

  it('stores a file in a bucket leaves nothing for longer than to the next sweep', async () => {
    let asked = 0;
    server = await startLoopback(() => void asked++);
    const { origin } = server;
    const file = join(place, 'large');
    writeFileSync(file, '');
    truncateSync(file, 17 * 2 ** 20);
    await expectSwept(async () => {
      const before = asked;
      const child = start('stores a file in a bucket', `${file} s3://values?endpoint=${origin}`);
      await until(() => asked > before, 'the store was asked');
      return child;
    });
  });
});

describe('sweepWorkFolders', () => {
  it('removes what processes of this host left that are dead', async () => {
    const folder = make(dead());
    expect(await sweepWorkFolders(place, Date.now())).toEqual([folder]);
    expect(left()).toEqual([]);
  });

  it.each<[string, () => string]>([
    ['of another boot, or host', () => nameWith(1, '0badb007')],
    ['of another container', () => nameWith(2, '1')],
  ])('leaves what is %s, until nobody has touched it for a week', async (_whose, name) => {
    const folder = make(name());
    make(name(), WEEK_MS - 60_000);
    const old = make(name(), WEEK_MS + 60_000);
    expect(await sweepWorkFolders(place, Date.now())).toEqual([old]);
    expect(left()).toHaveLength(2);
    expect(existsSync(join(folder, '0'))).toBe(true);
  });

  it('leaves what a living process uses, however old it is', async () => {
    make(ownName(), 2 * WEEK_MS);
    expect(await sweepWorkFolders(place, Date.now())).toEqual([]);
    expect(left()).toHaveLength(1);
  });

  it('leaves what only looks like it', async () => {
    writeFileSync(join(place, dead()), 'a file');
    const elsewhere = mkdtempSync(join(tmpdir(), 'elsewhere-'));
    symlinkSync(elsewhere, join(place, dead()));
    make('tempograph-in-x7Yz');
    make(`${dead()}.old`);
    expect(await sweepWorkFolders(place, Date.now() + 2 * WEEK_MS)).toEqual([]);
    expect(left()).toHaveLength(4);
    rmSync(elsewhere, { recursive: true });
  });

  (ROOT ? it : it.skip)('leaves what is of another user', async () => {
    chownSync(make(dead()), 65_534, 65_534);
    expect(await sweepWorkFolders(place, Date.now() + 2 * WEEK_MS)).toEqual([]);
    expect(left()).toHaveLength(1);
  });

  it('finds nothing where there is no such place', async () => {
    expect(await sweepWorkFolders(join(place, 'none'), Date.now())).toEqual([]);
  });
});

describe('withWorkFolder', () => {
  it('gives a folder of its own that is seen by this user alone, and removes it', async () => {
    const seen = await withWorkFolder(join(place, 'made', 'below'), async (folder) => {
      writeFileSync(join(folder, 'a'), '');
      return { folder, mode: statSync(folder).mode & 0o777 };
    });
    expect(seen.mode).toBe(0o700);
    expect(existsSync(seen.folder)).toBe(false);
  });

  it('removes it also where its use fails, and touches it while it is used', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
    let folder = '';
    const using = withWorkFolder(place, async (path) => {
      folder = path;
      utimesSync(path, 0, 0);
      jest.advanceTimersByTime(60_000);
      jest.useRealTimers();
      await until(() => statSync(path).mtimeMs > 0, 'the touch');
      throw new Error('no more');
    });
    await expect(using).rejects.toThrow('no more');
    expect(existsSync(folder)).toBe(false);
  });
});

describe('a process’s name', () => {
  it('is another with each call, and tells that its process lives', () => {
    const [one, other] = [ownName(), ownName()];
    expect(one).not.toBe(other);
    expect([isOwnName(one), stateOf(one), stateOf(other)]).toEqual([true, 'alive', 'alive']);
  });

  it('tells a process that has ended, and one that got its number', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    expect(stateOf(nameWith(3, String(child.pid)))).toBe('dead');
    expect(stateOf(nameWith(4, '1'))).toBe('dead');
  });

  it('tells nothing of other boots and containers', () => {
    expect(stateOf(nameWith(1, '0badb007'))).toBe('unknown');
    expect(stateOf(nameWith(2, '1'))).toBe('unknown');
  });

  it('tells nothing of a process that is there and not to be seen', () => {
    // As where /proc is mounted with hidepid: a signal finds it.
    jest.spyOn(process, 'kill').mockImplementationOnce(() => true);
    expect(processState(2 ** 22 + 1, 5)).toBe('unknown');
  });
});
