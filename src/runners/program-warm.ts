/**
 * How each runtime waits in a sandbox before there is a program for it, and what it is told then.
 *
 * What a program finds is what it finds cold: node and python are up and get their arguments and variables; of Java only
 * the compiler is up, and the program gets a machine of its own; of Deno there is the sandbox alone. What differs are the
 * modules that it says itself (`preload`): they are loaded before they could see its variables and files.
 */
import type { Limits, Runtime } from '../domain/program.js';
import { behindGate, tellRuntime, tellShell, WAITS_FOR_ANY, type Tell } from '../sandbox/gate.js';
import { INSIDE, type WarmSpec } from '../sandbox/sandbox-spec.js';
import {
  JAVA_BEGIN,
  JAVA_CLASSES,
  JAVA_FLAGS,
  JAVA_RUN_FLAGS,
  javaFile,
  javaHeap,
  nodeFlags,
} from './program-runtimes.js';

/** Reads to the end of the line, which is the end of what is told. */
const NODE_STARTER = `'use strict';
const fs = require('node:fs');
const { runMain } = require('node:module');
for (const name of process.argv.splice(2)) try { require(name); } catch {}
fs.writeSync(3, 'w');
const told = [];
do {
  const chunk = Buffer.alloc(65536);
  const length = fs.readSync(3, chunk);
  if (length === 0) process.exit(1);
  told.push(chunk.subarray(0, length));
} while (told.at(-1).at(-1) !== 10);
const { argv, env } = JSON.parse(Buffer.concat(told));
Object.assign(process.env, env);
process.argv.splice(1, process.argv.length, ...argv);
fs.writeSync(3, 'b');
fs.readSync(3, Buffer.alloc(1));
fs.closeSync(3);
runMain();
`;

/** What cannot be imported is for the program to find out. */
const PYTHON_STARTER = `import os, sys
def _wait():
    import importlib, json
    names = sys.argv[1:]
    del sys.argv[1:]
    for name in names:
        try: importlib.import_module(name)
        except BaseException: pass
    os.write(3, b'w')
    told = b''
    while not told.endswith(b'\\n'):
        chunk = os.read(3, 65536)
        if not chunk: os._exit(1)
        told += chunk
    told = json.loads(told)
    os.environ.update(told['env'])
    sys.argv[:] = told['argv']
    os.write(3, b'b')
    os.read(3, 1)
    os.close(3)
_wait()
del _wait
sys.path.insert(0, '/app')
__file__ = sys.argv[0]
exec(compile(open(__file__, 'rb').read(), __file__, 'exec'))
`;

/** The compiler ends before the program's machine starts: both at once would need the memory of both. */
const JAVA_STARTER = `set -e
java=$1; shift
"$java" "$@" --source 11 ${INSIDE.support}/Compile.java >&2
exec /bin/sh -s <&3
`;

/** Run as a source: that alone has the compiler loaded. It compiles the starter some times, to be fast with the program. */
const JAVA_COMPILE = `import java.io.*;
import java.lang.reflect.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import javax.tools.*;

final class Compile {
  private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();
  private static final StandardJavaFileManager FILES = COMPILER.getStandardFileManager(null, null, null);

  public static void main(String[] args) throws Throwable {
    for (int n = 0; n < 5; n++) compile("${INSIDE.support}/tempograph/Begin.java");
    Constructor<FileDescriptor> made = FileDescriptor.class.getDeclaredConstructor(int.class);
    made.setAccessible(true);
    FileDescriptor gate = made.newInstance(3);
    new FileOutputStream(gate).write('w');
    InputStream in = new FileInputStream(gate);
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    // Byte by byte: what follows is for the shell.
    for (int c = in.read(); c != 10; c = in.read()) {
      if (c < 0) System.exit(1);
      line.write(c);
    }
    System.exit(compile("/app/" + line.toString(StandardCharsets.UTF_8)) ? 0 : 1);
  }

  private static boolean compile(String file) {
    List<String> options = List.of("-proc:none", "-nowarn", "-d", "/tmp/.classes", "-cp", "${JAVA_CLASSES}");
    return COMPILER.getTask(null, FILES, null, options, null, FILES.getJavaFileObjects(file)).call();
  }
}
`;

export interface WarmRuntime {
  /** What waits. */
  waits: (request: WaitingProgram) => Pick<WarmSpec, 'argv' | 'support'>;
  /** What it is told of a program. */
  tell: (request: WarmProgram) => Tell;
  /** A cold start takes at least 30 ms longer, and whatever program it is: it is kept warm without being asked for. */
  pays: boolean;
  /** Variables that it looks at when it starts: with one of these a program is started cold. */
  looksAt?: RegExp;
}

export interface WaitingProgram {
  path: string;
  limits: Limits;
  /** Modules to load. */
  preload: readonly string[];
}

export interface WarmProgram {
  path: string;
  code: string;
  args: readonly string[];
  memoryBytes: number;
  /** Of its cold start. */
  argv: readonly string[];
}

/** The loader, the C library and the locale; what a runtime has of its own comes on top. */
const AT_START = 'LD_|LC_|LANG|TZ|MALLOC_|GLIBC_|GCONV_|NLSPATH|LOCPATH|OPENSSL_|SSL_|UV_';

export const WARM_RUNTIMES: Record<Runtime, WarmRuntime> = {
  node: {
    waits: ({ path, limits, preload }) => ({
      argv: [path, ...nodeFlags(limits.memoryBytes), `${INSIDE.support}/begin.cjs`, ...preload],
      support: { 'begin.cjs': NODE_STARTER },
    }),
    tell: ({ args }) => tellRuntime([`${INSIDE.app}/main.js`, ...args]),
    pays: true,
    looksAt: new RegExp(`^(?:${AT_START}|NODE_|ICU_)`),
  },
  python: {
    waits: ({ path, preload }) => ({
      argv: [path, '-I', '-B', '-u', `${INSIDE.support}/begin.py`, ...preload],
      support: { 'begin.py': PYTHON_STARTER },
    }),
    tell: ({ args }) => tellRuntime([`${INSIDE.app}/main.py`, ...args]),
    pays: true,
    looksAt: new RegExp(`^(?:${AT_START}|PYTHON)`),
  },
  java: {
    waits: ({ path, limits: { memoryBytes } }) => ({
      argv: [
        ...['/bin/sh', `${INSIDE.support}/wait.sh`, path, ...JAVA_FLAGS.split(' ')],
        ...[...javaHeap(memoryBytes), '--add-opens', 'java.base/java.io=ALL-UNNAMED'],
      ],
      support: {
        'wait.sh': JAVA_STARTER,
        'Compile.java': JAVA_COMPILE,
        'tempograph/Begin.java': JAVA_BEGIN,
      },
    }),
    tell: ({ path, code, args, memoryBytes }) => {
      const file = javaFile(code);
      const run = tellShell([
        ...[path, ...JAVA_FLAGS.split(' '), ...javaHeap(memoryBytes)],
        ...[...JAVA_RUN_FLAGS.split(' '), '-cp', JAVA_CLASSES],
        ...['tempograph.Begin', `${INSIDE.app}/${file}`, ...args],
      ]);
      return (env) => `${file}\n${run(withoutJavas(env))}`;
    },
    pays: true,
  },
  javascript: {
    waits: () => ({ argv: WAITS_FOR_ANY, support: {} }),
    tell: ({ argv }) => tellShell(behindGate(argv)),
    pays: false,
  },
};

/** Its cold starter's own. */
const withoutJavas = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => name !== 'JAVA_HEAP' && name !== 'JAVA_PROXY'),
  );
