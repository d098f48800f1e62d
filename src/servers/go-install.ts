/** The Temporal CLI built from source by Go: where nothing can be downloaded but Go modules can. */
import { dirname } from 'node:path';
import { runCommand } from './command.js';
import type { Environment } from './environment.js';
import { findOnPath } from './executable.js';
import type { ProgressReporter } from './progress.js';

const PACKAGE = 'github.com/temporalio/cli/cmd/temporal';
/** Left at its default, the version is 0.0.0-DEV. */
const VERSION_VARIABLE = 'github.com/temporalio/cli/temporalcli.Version';
/** Two cores take 3 to 15 minutes with nothing cached. */
const LIMIT_MS = 30 * 60_000;

/** The command of the build, as a person would type it. */
export function goInstallCommand(version: string): string {
  return `go install ${PACKAGE}@v${version}`;
}

/**
 * Builds the CLI into the folder of `executable`, with Go's own settings (GOPROXY, GOFLAGS, caches) from `env`.
 *
 * @param version without the `v`
 * @throws Error when there is no Go, or with the end of its output
 */
export async function goInstall(
  version: string,
  executable: string,
  env: Environment,
  report: ProgressReporter,
): Promise<void> {
  const go = await findOnPath('go', env);
  if (!go) throw new Error('`go` is not on PATH');
  let modules = 0;
  let packages = 0;
  const onLine = (line: string) => {
    if (line.startsWith('go: ')) modules++;
    else packages++;
  };
  const message = () =>
    `${goInstallCommand(version)}: ${modules} modules fetched, ${packages} packages compiled`;
  // Cross-compiling settings would put the executable into a folder below, and it could not run here.
  const goEnv = { ...env, GOBIN: dirname(executable), GOOS: undefined, GOARCH: undefined };
  const args = [
    'install',
    '-v',
    '-ldflags',
    `-s -w -X ${VERSION_VARIABLE}=${version}`,
    `${PACKAGE}@v${version}`,
  ];
  await report.during('build', message, () =>
    runCommand(go, args, { env: goEnv, timeoutMs: LIMIT_MS, onLine }),
  );
}
