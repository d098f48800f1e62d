/** Networks of the engine that a container may join, by name. */
import { z } from 'zod';

const NETWORK_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** Modes of Docker and Podman that are no network of the container's own: the host's, another container's, or the engine's to choose. */
const MODE = /^(?:host|default|private|(?:container|ns|slirp4netns|pasta)(?::.*)?)$/s;

const refusal = (text: string): string =>
  MODE.test(text)
    ? `is a mode of the engine and no network of its own: it may be the host's, or another container's; name a network that the engine has, such as bridge, or make one`
    : 'must be the name of a network of the engine, such as bridge, or none: letters, digits and _ . - (hosts as <host>:<port> are for a process)';

/** `none`, `bridge`, or the name of a network that the operator has made. */
export const ContainerNetworkSchema = z
  .string()
  .regex(NETWORK_NAME, { abort: true, error: ({ input }) => refusal(String(input)) })
  .refine((text) => !MODE.test(text), { error: ({ input }) => refusal(String(input)) });

/** One that a worker may let containers join. */
export const AllowedNetworkSchema = ContainerNetworkSchema.refine((text) => text !== 'none', {
  error: 'is no network; leave it out',
});

/** The network that a container joins: the one that it names, else `none`. An empty list, which is taken too, names none. */
export function networkJoined(said: { network?: string | readonly string[] | undefined }): string {
  return typeof said.network === 'string' ? said.network : 'none';
}

/** What is said of hosts that a container is to reach, wherever that is found out. @param hosts as they were said */
export const NO_LIST = (hosts: string): string =>
  `a container has no filtered network, so ${hosts} cannot be allowed; name a network of the engine that the worker allows (network: bridge), make it a process, or leave it out`;
