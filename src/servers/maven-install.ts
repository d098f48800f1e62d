/** The time-skipping test server from its Java library: jars by Maven, a script that runs them, a class archive. */
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from './command.js';
import type { Environment } from './environment.js';
import { findOnPath, isExecutable } from './executable.js';
import { freePort } from './ports.js';
import type { ProgressReporter } from './progress.js';
import { untilAnswers } from './readiness.js';
import { spawnOwned } from './owned-process.js';

const LIMIT_MS = 10 * 60_000;
/** Writing the archive happens while the server stops, and took 9 s on two busy cores. */
const ARCHIVE_TIMEOUT_MS = 60_000;
const ARCHIVE = 'classes.jsa';
const JARS = 'lib';

/** What is fetched, as Maven names it. */
export function mavenArtifact(version: string): string {
  return `io.temporal:temporal-test-server:${version}`;
}

/**
 * Makes the test server in the folder of `executable`: that script, and `lib/` with some 40 jars (38 MB).
 *
 * @throws Error when there is no Maven, Java or POSIX shell, or with the end of Maven's output
 */
export async function mavenInstall(
  version: string,
  executable: string,
  env: Environment,
  report: ProgressReporter,
): Promise<void> {
  if (process.platform === 'win32') throw new Error('its start script needs a POSIX shell');
  const mvn = await findOnPath('mvn', env);
  if (!mvn) throw new Error('`mvn` (Apache Maven) is not on PATH');
  if (!(await hasJava(env))) throw new Error('`java` is not on PATH and JAVA_HOME has none');
  const folder = dirname(executable);
  const pom = join(folder, 'pom.xml');
  await writeFile(pom, pomOf(version));
  let fetched = 0;
  const onLine = (line: string) => {
    if (line.includes('Downloaded from')) fetched++;
  };
  const message = () => `Maven, ${mavenArtifact(version)}: ${fetched} files fetched`;
  const args = [
    '-B',
    '-f',
    pom,
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${JARS}`,
  ];
  await report.during('download', message, () =>
    runCommand(mvn, args, { env, cwd: folder, timeoutMs: LIMIT_MS, onLine }),
  );
  await mkdir(join(folder, JARS), { recursive: true });
  const jars = (await readdir(join(folder, JARS))).filter((name) => name.endsWith('.jar')).sort();
  if (jars.length === 0) throw new Error('Maven copied no jars');
  await writeFile(executable, scriptOf(jars));
  await chmod(executable, 0o755);
}

async function hasJava(env: Environment): Promise<boolean> {
  const home = env['JAVA_HOME'];
  return (
    (home && (await isExecutable(join(home, 'bin', 'java')))) ||
    (await findOnPath('java', env)) !== undefined
  );
}

function pomOf(version: string): string {
  const [groupId, artifactId] = mavenArtifact(version).split(':');
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tempograph</groupId>
  <artifactId>test-server</artifactId>
  <version>1</version>
  <build>
    <pluginManagement>
      <plugins>
        <plugin>
          <artifactId>maven-dependency-plugin</artifactId>
          <version>3.8.1</version>
        </plugin>
      </plugins>
    </pluginManagement>
  </build>
  <dependencies>
    <dependency>
      <groupId>${groupId}</groupId>
      <artifactId>${artifactId}</artifactId>
      <version>${version}</version>
    </dependency>
    <dependency>
      <!-- Without it each start prints three lines about a missing logger. -->
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;
}

/**
 * The SDK kills only the process that it started, so the script must become Java. The jars are listed, because the
 * class archive holds only for the same class path in the same order.
 */
function scriptOf(jars: readonly string[]): string {
  return `#!/bin/sh
# The Temporal time-skipping test server. Written by tempograph. Usage: $0 PORT
dir=$(cd "$(dirname "$0")" && pwd)
java=java
if [ -n "$JAVA_HOME" ] && [ -x "$JAVA_HOME/bin/java" ]; then java=$JAVA_HOME/bin/java; fi
set -- -cp "${jars.map((jar) => `$dir/${JARS}/${jar}`).join(':')}" io.temporal.testserver.TestServer "$@"
if [ -f "$dir/${ARCHIVE}" ]; then set -- "-XX:SharedArchiveFile=$dir/${ARCHIVE}" "$@"; fi
exec "$java" -Xshare:auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx512m "$@"
`;
}

/**
 * Writes the archive of loaded classes that halves the time to start; only where the server lies for good, as it holds
 * for that path alone. Does nothing for a server that is not of `mavenInstall`'s making.
 *
 * @throws Error when there is none in the end (Java before 13, a runtime without its base archive): the server then
 *   starts without
 */
export async function archiveClasses(
  executable: string,
  env: Environment,
  report: ProgressReporter,
): Promise<void> {
  const folder = dirname(executable);
  if (!(await readdir(folder)).includes(JARS)) return;
  const fresh = `${ARCHIVE}.new`;
  await rm(join(folder, fresh), { force: true });
  await report.during(
    'build',
    () => 'archiving the classes of the test server',
    () =>
      runOnce(executable, {
        ...env,
        // Relative to the folder: Java splits this at spaces, which the cache's path may have.
        JAVA_TOOL_OPTIONS: [env['JAVA_TOOL_OPTIONS'], `-XX:ArchiveClassesAtExit=${fresh}`]
          .filter(Boolean)
          .join(' '),
      }),
  );
  await rename(join(folder, fresh), join(folder, ARCHIVE));
}

/** Starts the server in its own folder and stops it once it answers. */
async function runOnce(executable: string, env: Environment): Promise<void> {
  const port = await freePort('127.0.0.1');
  const server = await spawnOwned(executable, [String(port)], { cwd: dirname(executable), env });
  try {
    const signal = AbortSignal.any([server.gone, AbortSignal.timeout(ARCHIVE_TIMEOUT_MS)]);
    await (await untilAnswers('127.0.0.1', port, signal)).close();
  } finally {
    await server.stop(ARCHIVE_TIMEOUT_MS);
  }
}
