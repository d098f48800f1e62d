export function virtualEnvironment(options: {
  name: string;
  /** Names the versions. */
  folder: string;
  packages: string[];
  /** A line of Python that has to run. */
  check: string;
  log?: (line: string) => void;
}): Promise<{ python: string; unavailable?: never } | { unavailable: string; python?: never }>;
