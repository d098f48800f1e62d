/** What of a container is known before it runs, and of the settings by which a worker runs containers. Nothing is pulled. */
import { networkJoined } from '../domain/container-network.js';
import type { ContainerSpec } from '../domain/program.js';
import type { ProgramAsk, ProgramFinding } from '../domain/program-looks.js';
import { assertHeld, type ContainerSettings } from '../engine/container-options.js';
import { engineFailed } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { Images } from '../engine/images.js';
import { resolveMounts, type AllowedMount } from '../engine/mounts.js';
import { assertNetworkAllowed, assertNetworkThere } from '../engine/networks.js';
import { finding, NotKnown, type LookUps } from './look-ups.js';

/** Of the runner that runs them. */
export interface ContainerParts {
  /** @throws TaskError where none answers */
  engine: () => Promise<Engine>;
  images: Images;
  options: ContainerSettings & {
    mounts?: readonly AllowedMount[];
    networks?: readonly string[];
    images?: Readonly<Record<string, string>>;
  };
}

/** What is said of an image that cannot be had. */
const IMAGE_HINT =
  'name an image and a tag that its registry has and gives to this engine, or load it there';

/** It is opened when first asked, and one that hangs never is. */
const OPENED = 'opening the container engine';

/** @param ask with the container that the program runs as */
export async function lookUpContainer(
  parts: ContainerParts,
  { program, level, spec }: ProgramAsk & { spec: ContainerSpec },
  looks: LookUps,
): Promise<ProgramFinding[]> {
  const { engine, options } = parts;
  const { kind } = program;
  const network = networkJoined(spec);
  const found = [
    finding([kind], async () => {
      const { facts } = await looks.once(OPENED, engine);
      assertHeld(facts, level, options);
      return `level ${level} on ${facts.name} ${facts.version}`;
    }),
    finding(
      [kind, kind === 'container' ? 'image' : 'runtime'],
      () => imageThere(parts, spec, looks),
      IMAGE_HINT,
    ),
  ];
  if (spec.mounts?.length)
    found.push(
      finding([kind, 'mounts'], async () => {
        const mounts = await looks.once(`mounts ${JSON.stringify(spec.mounts)}`, () =>
          resolveMounts(spec.mounts, options.mounts),
        );
        return `mounts ${mounts.map(({ source }) => source).join(', ')}`;
      }),
    );
  if (network !== 'none')
    found.push(
      finding([kind, 'network'], async () => {
        assertNetworkAllowed(network, options.networks);
        return await networkThere(parts, network, looks);
      }),
    );
  return await Promise.all(found);
}

/** Whether the engine answers still, and has the networks and the images that the worker's settings name. */
export async function lookUpContainerSettings(
  parts: ContainerParts,
  looks: LookUps,
): Promise<ProgramFinding[]> {
  const { networks = [], images = {} } = parts.options;
  return await Promise.all([
    finding(['containerEngine'], () =>
      looks.once('the container engine', () => engineThere(parts)),
    ),
    ...networks.map((network) =>
      finding(['containerNetworks'], () => networkThere(parts, network, looks)),
    ),
    ...Object.values(images).map((image) =>
      finding(['images'], () => imageThere(parts, { image }, looks)),
    ),
  ]);
}

/** It was there when the worker started. */
async function engineThere({ engine }: ContainerParts): Promise<string> {
  const { docker, facts, where } = await engine();
  try {
    await docker.ping();
    return `${facts.name} ${facts.version}`;
  } catch (error) {
    throw engineFailed(`${where} did not answer`, error);
  }
}

async function networkThere(
  { engine }: ContainerParts,
  network: string,
  looks: LookUps,
): Promise<string> {
  await looks.once(`network ${network}`, async () => assertNetworkThere(await engine(), network));
  return `network ${network}`;
}

async function imageThere(
  { engine, images }: ContainerParts,
  { image, pull = 'missing' }: Pick<ContainerSpec, 'image' | 'pull'>,
  looks: LookUps,
): Promise<string> {
  const where = await looks.once(`image ${image} (pull: ${pull})`, async () =>
    images.find(await engine(), image, pull, looks.signal, () => looks.outside()),
  );
  if (where === 'engine') return `image ${image}`;
  if (where === 'registry') return `image ${image}, which is pulled when it runs`;
  throw new NotKnown(
    `image ${image}: the engine has none of that name, and asks a registry only when it pulls`,
  );
}
