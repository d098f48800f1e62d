/**
 * How code is run by each runtime inside a sandbox: its command line, bounded to its memory, and what it is started by.
 *
 * A starter says at descriptor 3 that the runtime is up, and waits for a byte: only then does the program begin, and
 * its share of the CPU is held. Starting Node with a tenth of a CPU would else take a second.
 */
import type { Runtime } from '../domain/program.js';
import { INSIDE } from '../sandbox/sandbox-spec.js';

export interface RuntimeCommand {
  argv: string[];
  /** The code's name below `/app`. */
  file: string;
  /** Who says that the program begins. */
  gate: 'itself' | 'shell';
  /** Texts by path below `/in/support`. */
  support: Record<string, string>;
  env: Record<string, string>;
}

export interface RuntimeRequest {
  /** Of the interpreter, as it is inside. */
  path: string;
  code: string;
  args: readonly string[];
  memoryBytes: number;
  /** It may go through the proxy to these. */
  network: readonly string[];
}

const NODE_STARTER = `'use strict';
const fs = require('node:fs');
fs.writeSync(3, 'b');
fs.readSync(3, Buffer.alloc(1));
fs.closeSync(3);
process.argv.splice(1, 1);
require('node:module').runMain();
`;

const PYTHON_STARTER = `import os, sys
os.write(3, b'b')
os.read(3, 1)
os.close(3)
del sys.argv[0]
sys.path.insert(0, '/app')
__file__ = sys.argv[0]
exec(compile(open(__file__, 'rb').read(), __file__, 'exec'))
`;

export const JAVA_FLAGS =
  '-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -XX:ReservedCodeCacheSize=32m';
/** Of the program, not of the compiler. */
export const JAVA_RUN_FLAGS =
  '-XX:+ExitOnOutOfMemoryError -XX:+DisplayVMOutputToStderr --add-opens java.base/java.io=ALL-UNNAMED';

export const JAVA_CLASSES = '/tmp/.classes:/app';

/** Compiling is preparing: it is not held to the share of the CPU. */
const JAVA_STARTER = `set -e
main=$1 java=$2 heap=$JAVA_HEAP proxy=$JAVA_PROXY; shift 2
unset JAVA_HEAP JAVA_PROXY
javac=$(dirname "$java")/javac
flags='${JAVA_FLAGS}'
jflags=$(for flag in $flags $heap; do printf ' -J%s' "$flag"; done)
"$javac" $jflags -proc:none -nowarn -d /tmp/.classes -cp /app "$main" ${INSIDE.support}/tempograph/Begin.java
exec "$java" $flags $heap ${JAVA_RUN_FLAGS} $proxy \\
  -cp ${JAVA_CLASSES} tempograph.Begin "$main" "$@"
`;

/** The class to run is the first in the text that has a main, as with \`java Main.java\`. */
export const JAVA_BEGIN = `package tempograph;
import java.io.*;
import java.lang.reflect.*;
import java.nio.file.*;
import java.util.*;
import java.util.regex.*;

final class Begin {
  public static void main(String[] args) throws Throwable {
    Method main = find(Files.readString(Path.of(args[0])));
    Constructor<FileDescriptor> made = FileDescriptor.class.getDeclaredConstructor(int.class);
    made.setAccessible(true);
    FileDescriptor gate = made.newInstance(3);
    try (FileOutputStream out = new FileOutputStream(gate)) {
      out.write('b');
      new FileInputStream(gate).read();
    }
    try {
      main.invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
    } catch (InvocationTargetException thrown) {
      throw thrown.getCause();
    }
  }

  private static Method find(String text) throws Exception {
    Matcher inside = Pattern.compile("(?m)^\\\\s*package\\\\s+([\\\\w.]+)\\\\s*;").matcher(text);
    String prefix = inside.find() ? inside.group(1) + "." : "";
    Matcher types = Pattern.compile("\\\\b(?:class|record|interface|enum)\\\\s+(\\\\w+)").matcher(text);
    while (types.find()) {
      try {
        Class<?> type = Class.forName(prefix + types.group(1), false, Begin.class.getClassLoader());
        Method main = type.getDeclaredMethod("main", String[].class);
        if (!Modifier.isStatic(main.getModifiers())) continue;
        main.setAccessible(true);
        return main;
      } catch (ClassNotFoundException | NoSuchMethodException | LinkageError other) {
        // a word in a comment, or a class without a main
      }
    }
    System.err.println("there is no class with a main(String[]) in the program");
    System.exit(1);
    return null;
  }
}
`;

const MIB = 2 ** 20;
/** Of its memory, for the heap: the rest is the runtime's own. */
export const share = (memoryBytes: number, of: number): number =>
  Math.max(4, Math.floor((memoryBytes * of) / MIB));

export const nodeFlags = (memoryBytes: number): string[] => [
  `--max-old-space-size=${share(memoryBytes, 0.75)}`,
  // A program is a module or a script, whichever its text is.
  '--experimental-detect-module',
];

const COMMANDS: Record<Runtime, (request: RuntimeRequest) => RuntimeCommand> = {
  node: ({ path, args, memoryBytes }) => ({
    argv: [
      ...[path, ...nodeFlags(memoryBytes), `${INSIDE.support}/begin.cjs`, `${INSIDE.app}/main.js`],
      ...args,
    ],
    ...{ file: 'main.js', gate: 'itself', support: { 'begin.cjs': NODE_STARTER }, env: {} },
  }),
  python: ({ path, args }) => ({
    argv: [path, '-I', '-B', '-u', `${INSIDE.support}/begin.py`, `${INSIDE.app}/main.py`, ...args],
    ...{ file: 'main.py', gate: 'itself', support: { 'begin.py': PYTHON_STARTER }, env: {} },
  }),
  java: ({ path, code, args, memoryBytes, network }) => {
    const file = javaFile(code);
    return {
      argv: ['/bin/sh', `${INSIDE.support}/begin.sh`, `${INSIDE.app}/${file}`, path, ...args],
      ...{ file, gate: 'itself' },
      support: { 'begin.sh': JAVA_STARTER, 'tempograph/Begin.java': JAVA_BEGIN },
      env: {
        JAVA_HEAP: javaHeap(memoryBytes).join(' '),
        JAVA_PROXY: network.length === 0 ? '' : JAVA_PROXY,
      },
    };
  },
  javascript: ({ path, args, memoryBytes, network }) => ({
    argv: [
      ...[path, 'run', '--quiet', '--no-prompt', '--no-remote', '--no-npm', '--cached-only'],
      ...['--no-config', '--no-lock', `--v8-flags=--max-old-space-size=${share(memoryBytes, 0.5)}`],
      // What it was given, and where it may answer: nothing else.
      ...[
        '--allow-env',
        `--allow-read=${INSIDE.input},${INSIDE.inputFiles},/out`,
        '--allow-write=/out',
      ],
      ...(network.length === 0 ? [] : [`--allow-net=${network.join(',')}`]),
      ...[`${INSIDE.app}/main.js`, ...args],
    ],
    ...{ file: 'main.js', gate: 'shell', support: {} },
    env: { DENO_DIR: '/tmp/.deno', DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' },
  }),
};

export const javaHeap = (memoryBytes: number): string[] => [
  `-Xmx${share(memoryBytes, 0.5)}m`,
  '-Xss512k',
];

/** It does not look at HTTP_PROXY. */
const JAVA_PROXY = ['http', 'https']
  .map((scheme) => `-D${scheme}.proxyHost=127.0.0.1 -D${scheme}.proxyPort=3128`)
  .join(' ');

export function runtimeCommand(runtime: Runtime, request: RuntimeRequest): RuntimeCommand {
  return COMMANDS[runtime](request);
}

/** A public class wants a file of its name. Comments are passed over; a text that looks like one is not. */
export function javaFile(code: string): string {
  const bare = code.replace(/\/\*[^]*?(?:\*\/|(?![^]))|\/\/.*$/gm, '');
  const name =
    /\bpublic\s+(?:(?:abstract|final|sealed|non-sealed|static|strictfp)\s+)*(?:class|record|interface|enum)\s+(\w+)/.exec(
      bare,
    )?.[1];
  return `${name ?? 'Main'}.java`;
}
