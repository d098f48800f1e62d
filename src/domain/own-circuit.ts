/** Circuits that nobody names: every function's target has one, and every container engine. */
import type { FaasSpec } from './program.js';

/** How a node is said to be held by the circuit of an engine: which one it is only the worker knows. */
export const ENGINE_CIRCUIT = "of its worker's container engine";

/** The circuit of a function's target: its address without path, query and credentials, or Lambda's function. */
export function functionCircuit({ url, function: name = '', region }: FaasSpec): string {
  if (url === undefined) return `lambda:${region === undefined ? '' : `${region}/`}${name}`;
  return `faas:${URL.canParse(url) ? new URL(url).origin : url.replace(/[?#].*$/s, '')}`;
}

/**
 * The circuit of a container engine.
 *
 * @param address as in DOCKER_HOST; undefined or a socket for one on the worker's host
 */
export function engineCircuit(address: string | undefined, host: string): string {
  const remote = /^(?:tcp|https?|ssh):\/\/(?:[^/@]*@)?([^/?#]+)/.exec(address ?? '')?.[1];
  return `container:${remote ?? host}`;
}
