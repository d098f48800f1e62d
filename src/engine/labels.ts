/**
 * What a container of ours says of itself: labels, which never change, and its name, which bears its present owner and
 * does when another takes it over.
 *
 * A container is found again by what it is for (`idempotencyKey`: the same in every attempt of a node) and by what it
 * runs (`run`: a digest of program, input and limits). The attempt is no part of it: the attempt after a lost worker
 * has a number of its own and wants the container of the one before.
 */
import { createHash, randomBytes } from 'node:crypto';
import { isOwner, type OwnerId } from './owner.js';

const PREFIX = 'tempograph';

/** What a container is for. */
export interface ContainerIdentity {
  workflowId: string;
  executionId: string;
  attempt: number;
  idempotencyKey: string;
  /** Epoch milliseconds: nobody waits for it after that. */
  deadline: number;
  /** Digest of what it runs: {@link runDigest}. */
  run: string;
}

/** What its image was pinned to. */
const IMAGE_LABEL = `${PREFIX}.image`;

/** Of any of ours. */
export const OWN_LABEL = `${PREFIX}.key`;

/** @param image its digest */
export function labelsOf(identity: ContainerIdentity, image: string): Record<string, string> {
  return {
    [IMAGE_LABEL]: image,
    [OWN_LABEL]: keyDigest(identity.idempotencyKey),
    [`${PREFIX}.run`]: identity.run,
    [`${PREFIX}.workflow`]: identity.workflowId,
    [`${PREFIX}.execution`]: identity.executionId,
    [`${PREFIX}.attempt`]: String(identity.attempt),
    [`${PREFIX}.deadline`]: new Date(identity.deadline).toISOString(),
  };
}

/** Picks the containers of one idempotency key, for the engine's lists. */
export function keyFilter(idempotencyKey: string): { label: string[] } {
  return { label: [`${OWN_LABEL}=${keyDigest(idempotencyKey)}`] };
}

export function runOf(labels: Readonly<Record<string, string>>): string | undefined {
  return labels[`${PREFIX}.run`];
}

/** The digest of its image. */
export function imageOf(labels: Readonly<Record<string, string>>): string {
  return labels[IMAGE_LABEL] ?? 'unknown';
}

/** Epoch milliseconds; 0 where there is none. */
export function deadlineOf(labels: Readonly<Record<string, string>>): number {
  return Date.parse(labels[`${PREFIX}.deadline`] ?? '') || 0;
}

/** A name that nothing else has. */
export function nameFor(idempotencyKey: string, owner: OwnerId): string {
  const chance = randomBytes(4).toString('hex');
  return `${PREFIX}-${keyDigest(idempotencyKey).slice(0, 12)}-${chance}-${owner}`;
}

/** The owner that a name bears. @param name as the engine gives it, with or without its slash */
export function ownerOf(name: string): OwnerId | undefined {
  const [, owner = ''] = /^\/?tempograph-[0-9a-f]{12}-[0-9a-f]{8}-(.+)$/.exec(name) ?? [];
  return isOwner(owner) ? owner : undefined;
}

/** The digest of what a container runs. Two that differ in anything, a secret's value too, have different ones. */
export function runDigest(canonical: string): string {
  return createHash('sha256').update(canonical).digest('hex');
}

function keyDigest(idempotencyKey: string): string {
  return createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 32);
}
