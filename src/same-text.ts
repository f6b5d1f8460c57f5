import { timingSafeEqual } from 'node:crypto';

/** Compares in a time that does not tell where they differ. */
export function isSameText(expected: string, found: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(found)];
  return one.length === other.length && timingSafeEqual(one, other);
}
