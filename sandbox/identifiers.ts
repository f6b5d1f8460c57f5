/** Identifiers and secrets that follow from the seed, so that two sandboxes with one seed agree. */
import { createHash } from 'node:crypto';

const digest = (seed: number, label: string): Buffer =>
  createHash('sha256').update(`steward-sandbox/${seed}/${label}`).digest();

/** A GUID in the shape of a random one (RFC 9562, version 4), but the same for the same seed and label. */
export function guidFromSeed(seed: number, label: string): string {
  const bytes = digest(seed, label).subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** 32 bytes as base64url: good enough as a key for a company that does not exist. */
export const secretFromSeed = (seed: number, label: string): string => digest(seed, label).toString('base64url');

export const identityNames = ['channel', 'reasoner', 'robot', 'keeper'] as const;
export type IdentityName = (typeof identityNames)[number];

/** Client ids of the four managed identities. */
export type Identities = Readonly<Record<IdentityName, string>>;

/** The four client ids that this seed stands for. */
export function identitiesFromSeed(seed: number): Identities {
  const clientId = (name: IdentityName): string => guidFromSeed(seed, `identity/${name}`);
  return {
    channel: clientId('channel'),
    reasoner: clientId('reasoner'),
    robot: clientId('robot'),
    keeper: clientId('keeper'),
  };
}
