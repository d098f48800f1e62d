/** A sandbox for a test, and the same attempt outside of one. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { limitsOf, type Resources } from '../../../src/domain/program.js';
import { behindGate, tellShell, WAITS_FOR_ANY } from '../../../src/sandbox/gate.js';
import { Sandboxes, type Handed, type SandboxesOptions } from '../../../src/sandbox/sandbox.js';
import type {
  ResultFiles,
  SandboxEnd,
  SandboxRunOptions,
  SandboxSpec,
} from '../../../src/sandbox/sandbox-spec.js';

const missing = ['/usr/bin/bwrap', '/usr/bin/python3'].filter((file) => !existsSync(file));
const why =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'not root on Linux'
    : missing.map((file) => `no ${file}`).join(', ');

/** `describe`, or skipped with a line that says so where there can be no sandbox. */
export const describeSandbox: typeof describe = ((name: string, body: () => void) => {
  if (why === '') return describe(name, body);
  console.warn(`skipped: ${name}: ${why}`);
  return describe.skip(name, body);
}) as typeof describe;

/** Made for the program, or one that waited for any. */
export const KINDS = ['cold', 'warm'] as const;
export type Kind = (typeof KINDS)[number];

/** The same suite over both kinds of sandboxes. */
export function describeBoth(name: string, body: (kind: Kind) => void): void {
  for (const kind of KINDS) describeSandbox(`${kind}: ${name}`, () => body(kind));
}

export interface Ran {
  end: SandboxEnd;
  stdout: string;
  stderr: string;
  /** Undefined where the program did not end well. */
  output: string | undefined;
  artifacts: readonly string[];
  refused: readonly string[];
}

export type Asked = Partial<Omit<SandboxSpec, 'limits'>> & { resources?: Resources };
export type Asking = Partial<SandboxRunOptions>;

export interface Scene {
  sandboxes: Sandboxes;
  run(argv: readonly string[], asked?: Asked, options?: Asking): Promise<Ran>;
  python(code: string, asked?: Asked, options?: Asking): Promise<Ran>;
}

/** A fast CPU unless said otherwise: what is tested is not its share. */
export function specOf(argv: readonly string[], { resources, ...asked }: Asked = {}): SandboxSpec {
  return {
    ...{ argv, env: {}, files: {}, input: '{}', gate: 'shell', level: 'HIGH', network: [] },
    ...{ cpuSeconds: 60, maxOutputBytes: 2 ** 20, maxArtifactBytes: 2 ** 20 },
    limits: limitsOf({ cpu: 2, ...resources }),
    ...asked,
  };
}

/** @param kind warm: whatever has no network and does not go through the gate itself runs in a sandbox that has waited */
export async function openScene(options?: SandboxesOptions, kind: Kind = 'cold'): Promise<Scene> {
  const sandboxes = await Sandboxes.open(options);
  const handedFor = async (spec: SandboxSpec): Promise<Handed | undefined> => {
    if (kind === 'cold' || spec.network.length > 0 || spec.gate === 'itself') return undefined;
    const { limits, level, binds = [] } = spec;
    const waits = { argv: WAITS_FOR_ANY, limits, level, binds };
    const waiting = await sandboxes.warm(waits).catch(() => undefined); // closed
    return waiting && { waiting, tell: tellShell(behindGate(spec.argv)) };
  };
  const run: Scene['run'] = async (argv, asked, options = {}) => {
    const said = { stdout: '', stderr: '' };
    const refused: string[] = [];
    let left: ResultFiles | undefined;
    const spec = specOf(argv, asked);
    const handed = await handedFor(spec);
    const running: SandboxRunOptions = {
      signal: new AbortController().signal,
      graceMs: 0,
      onResult: async (files) => void (left = files),
      onRefused: (text) => void refused.push(text),
      ...options,
      onOutput: (stream, text) => {
        said[stream] += text;
        options.onOutput?.(stream, text);
      },
    };
    const end = await sandboxes.run(spec, running, handed);
    if (handed && end.pid !== undefined && end.pid !== handed.waiting.options.pid)
      throw new Error('it did not run in the sandbox that waited');
    const output = left?.output && Buffer.from(left.output).toString();
    const artifacts = (left?.artifacts ?? []).map(({ name }) => name);
    return { end, ...said, output, artifacts, refused };
  };
  return {
    ...{ sandboxes, run },
    python: (code, asked, options) =>
      run(['/usr/bin/python3', '-I', '-c', PRELUDE + code], asked, options),
  };
}

/** `attempt(f)` prints `ok`, what f gives, or the name of the error. */
const PRELUDE = `
import ctypes, errno, os, platform, signal, socket, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def attempt(f):
  try: result = f()
  except OSError as error: result = errno.errorcode.get(error.errno, str(error))
  print('ok' if result is None else result)
def libcall(name, *args):
  def f():
    if getattr(libc, name)(*args) < 0: raise OSError(ctypes.get_errno(), name)
  return f
def reads(path): return lambda: open(path, 'rb').read(1) and None
def writes(path):
  def f():
    with open(path, 'wb') as file: file.write(b'x')
    os.unlink(path)
  return f
def opens(path, flags): return lambda: os.close(os.open(path, flags))
def connects(family, address, kind=socket.SOCK_STREAM):
  def f():
    with socket.socket(family, kind) as s:
      s.settimeout(20)
      s.connect(address)
  return f
`;

/** The same Python as root on the host, in a mount namespace of its own. @returns what it printed */
export function outside(code: string, env: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = ['-m', '/usr/bin/python3', '-I', '-c', PRELUDE + code];
    execFile('/usr/bin/unshare', args, { env, cwd: '/' }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout.trim()),
    );
  });
}

/**
 * Many attempts by one program, each in a process of its own: what one does to itself is not the next one's.
 *
 * @returns code that prints a JSON list of what each printed
 */
export function together(codes: readonly string[]): string {
  return `
import json, traceback
said = []
for code in json.loads(${JSON.stringify(JSON.stringify(codes))}):
  reading, writing = os.pipe()
  pid = os.fork()
  if pid == 0:
    os.dup2(writing, 1)
    os.close(reading)
    os.close(writing)
    try: exec(code, globals())
    except BaseException: print(traceback.format_exc())
    sys.stdout.flush()
    os._exit(0)
  os.close(writing)
  with os.fdopen(reading) as file: said.append(file.read().strip())
  os.waitpid(pid, 0)
print(json.dumps(said))`;
}
