export interface TestPostgres {
  url: string;
  /** Of its first process, only of one that was started here. */
  pid?: number;
  stop(): Promise<void>;
  /** Ends it with SIGKILL; only of one that was started here. */
  kill?(): Promise<void>;
  /** Starts it on the same data and port. */
  restart?(): Promise<void>;
}

export interface TestPostgresOptions {
  settings?: Record<string, string>;
  install?: boolean;
  /** One that may be killed, whatever the environment names. */
  own?: boolean;
  log?: (line: string) => void;
}

export function startPostgres(
  options?: TestPostgresOptions,
): Promise<TestPostgres | { unavailable: string }>;
