/** How Temporal is reached: what may be said of it in code, and where the rest is found. */
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import { TaskError } from './domain/errors.js';

/** Where Temporal is; what is not said comes from TEMPORAL_* or its profile. */
export interface ConnectOptions {
  /** `host:port`. Default: `TEMPORAL_ADDRESS`, the profile's, else `127.0.0.1:7233`. */
  address?: string;
  /** Default: `TEMPORAL_NAMESPACE`, the profile's, else `default`. */
  namespace?: string;
  /** A profile of Temporal's configuration file. */
  profile?: string;
}

export interface ResolvedConnect {
  address: string;
  namespace: string;
  tls?: Exclude<ClientConnectConfig['connectionOptions']['tls'], undefined>;
  apiKey?: string;
  metadata?: Record<string, string>;
}

/** Where Temporal is: options, then the TEMPORAL_* environment and configuration file. */
export function connectOptions({
  address,
  namespace,
  profile,
}: ConnectOptions = {}): ResolvedConnect {
  const loaded = loadConnect(profile);
  const { tls, apiKey, metadata } = loaded.connectionOptions;
  return {
    address: address ?? loaded.connectionOptions.address ?? '127.0.0.1:7233',
    namespace: namespace ?? loaded.namespace ?? 'default',
    ...(tls === undefined ? {} : { tls }),
    ...(typeof apiKey === 'string' ? { apiKey } : {}),
    ...(metadata === undefined ? {} : { metadata: metadata as Record<string, string> }),
  };
}

/** @throws TaskError CONFIGURATION for a profile that is not there or a file that cannot be read */
function loadConnect(profile: string | undefined): ClientConnectConfig {
  try {
    return loadClientConnectConfig(profile === undefined ? {} : { profile });
  } catch (error) {
    throw new TaskError('CONFIGURATION', `Temporal's configuration: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
