/** Code for a runtime as a container: which image, and how the code is begun there. Pure. */
import { TaskError } from '../domain/errors.js';
import type { ContainerSpec, ProcessSpec, Runtime } from '../domain/program.js';

/** The image of each runtime, where the settings name none. Pinned to a version: what ran yesterday runs today. */
export const RUNTIME_IMAGES: Readonly<Record<Runtime, string>> = {
  node: 'node:22.12.0-alpine3.21',
  python: 'python:3.13.1-alpine3.21',
  java: 'eclipse-temurin:21.0.5_11-jdk-alpine',
  javascript: 'denoland/deno:alpine-2.1.4',
};

/** Name of the file that holds the code, and the command; the working folder is where the files lie. */
const BEGIN: Readonly<Record<Runtime, { file: string; command: readonly string[] }>> = {
  node: { file: 'main.js', command: ['node', '--experimental-detect-module', 'main.js'] },
  python: { file: 'main.py', command: ['python3', '-B', '-u', 'main.py'] },
  java: {
    file: 'Main.java',
    command: ['java', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', 'Main.java'],
  },
  javascript: {
    file: 'main.js',
    command: [
      ...['deno', 'run', '--quiet', '--no-prompt', '--no-remote', '--no-npm', '--no-lock'],
      ...['--allow-env', '--allow-read=/tempograph', '--allow-write=/tempograph/out', 'main.js'],
    ],
  },
};

/**
 * @param images by runtime, over {@link RUNTIME_IMAGES}
 * @throws TaskError CONFIGURATION for a command, which says nothing of an image, and a file in the place of the code
 */
export function runtimeContainer(
  { runtime, code, args = [], env, secrets, network, files }: ProcessSpec,
  images: Partial<Record<Runtime, string>> = {},
): ContainerSpec {
  if (runtime === undefined || code === undefined)
    throw new TaskError(
      'CONFIGURATION',
      'a command runs in an image of its own; give container: { image, command }',
    );
  const { file, command } = BEGIN[runtime];
  if (files && Object.hasOwn(files, file))
    throw new TaskError('CONFIGURATION', `files: ${file} is where the code lies; rename it`);
  return {
    image: images[runtime] ?? RUNTIME_IMAGES[runtime],
    entrypoint: [],
    command: [...command, ...args],
    files: { ...files, [file]: code },
    ...(env ? { env } : {}),
    ...(secrets ? { secrets } : {}),
    ...(network ? { network } : {}),
  };
}
