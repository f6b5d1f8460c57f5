/** The company's Intune-managed devices. */

import type { Random } from './random.ts';
import type { ComplianceState, ManagedDevice, OperatingSystem, User } from './types.ts';

interface Model {
  readonly operatingSystem: OperatingSystem;
  readonly manufacturer: string;
  readonly models: readonly string[];
  readonly versions: readonly string[];
  readonly storageGib: readonly number[];
  /** Alphabet and length of the maker's serial numbers. */
  readonly serial: readonly [alphabet: string, length: number];
}

const digitsAndLetters = '0123456789ABCDEFGHJKLMNPQRSTUVWXYZ';

const laptops: readonly Model[] = [
  {
    operatingSystem: 'Windows',
    manufacturer: 'LENOVO',
    models: ['21K5CTO1WW', '21HMCTO1WW', '20XWCTO1WW'],
    versions: ['10.0.26100.6899', '10.0.26100.6584', '10.0.22631.5909'],
    storageGib: [237, 475],
    serial: [digitsAndLetters, 8],
  },
  {
    operatingSystem: 'Windows',
    manufacturer: 'Dell Inc.',
    models: ['Latitude 7450', 'Latitude 5540', 'XPS 13 9340'],
    versions: ['10.0.26100.6899', '10.0.22631.5909'],
    storageGib: [237, 475],
    serial: [digitsAndLetters, 7],
  },
  {
    operatingSystem: 'macOS',
    manufacturer: 'Apple',
    models: ['MacBook Pro', 'MacBook Air'],
    versions: ['26.0.1 (25A362)', '15.7.1 (24G231)'],
    storageGib: [494, 994],
    serial: [digitsAndLetters, 10],
  },
];

const phones: readonly Model[] = [
  {
    operatingSystem: 'iOS',
    manufacturer: 'Apple',
    models: ['iPhone 14', 'iPhone 15', 'iPhone 16'],
    versions: ['26.0.1', '18.7.1'],
    storageGib: [119, 238],
    serial: [digitsAndLetters, 10],
  },
  {
    operatingSystem: 'Android',
    manufacturer: 'samsung',
    models: ['SM-S921B', 'SM-A556B'],
    versions: ['15', '14'],
    storageGib: [110, 230],
    serial: ['0123456789ABCDEFGHJKMNPRSTVWXYZ', 11],
  },
  {
    operatingSystem: 'Android',
    manufacturer: 'Google',
    models: ['Pixel 8', 'Pixel 9'],
    versions: ['16', '15'],
    storageGib: [113, 229],
    serial: [digitsAndLetters, 14],
  },
];

export type DeviceKind = 'laptop' | 'windows' | 'phone';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const gib = 1024 ** 3;

/** ISO 8601 in UTC without milliseconds, as Graph writes times. */
export function toGraphTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

function pickCompliance(random: Random): ComplianceState {
  const roll = random.next();
  if (roll < 0.86) return 'compliant';
  if (roll < 0.94) return 'noncompliant';
  return roll < 0.98 ? 'inGracePeriod' : 'unknown';
}

function modelsOf(kind: DeviceKind): readonly Model[] {
  switch (kind) {
    case 'laptop':
      return laptops;
    case 'windows':
      return laptops.filter((model) => model.operatingSystem === 'Windows');
    case 'phone':
      return phones;
  }
}

/** One device; `owner` is absent for shared ones. `deviceName` overrides what the maker or the company would call it. */
export function createDevice(
  random: Random,
  kind: DeviceKind,
  owner: User | undefined,
  epochMs: number,
  deviceName?: string,
): ManagedDevice {
  const made = random.pick(modelsOf(kind));
  const model = random.pick(made.models);
  const serialNumber = random.text(...made.serial);
  const isPhone = kind === 'phone';
  const isCompany = owner === undefined || !isPhone || random.chance(0.6);
  const storage = random.pick(made.storageGib) * gib;
  const accountAgeDays = owner === undefined ? 1100 : Math.floor((epochMs - Date.parse(owner.createdDateTime)) / dayMs);
  const enrolledMs = epochMs - random.integer(20, Math.min(1100, accountAgeDays - 1)) * dayMs - random.integer(0, 1439) * minuteMs;
  // Most devices synchronise within a day; a few were forgotten in a drawer.
  const sinceSyncMs = random.chance(0.93)
    ? random.integer(5, 1400) * minuteMs
    : Math.min(random.integer(8, 120) * dayMs, epochMs - enrolledMs);
  const complianceState = pickCompliance(random);

  let name: string;
  if (made.operatingSystem === 'Windows') name = `HLD-${serialNumber.slice(-8)}`;
  else if (made.operatingSystem === 'Android') name = `${model}_Android_${random.integer(1, 12)}/${random.integer(1, 28)}/2025`;
  // Apple devices are called after their owner, with the typographic apostrophe.
  else name = owner === undefined ? `Shared ${model}` : `${owner.givenName ?? owner.displayName}’s ${model}`;

  return {
    id: random.uuid(),
    userId: owner?.id ?? '',
    deviceName: deviceName ?? name,
    managedDeviceOwnerType: isCompany ? 'company' : 'personal',
    enrolledDateTime: toGraphTime(enrolledMs),
    lastSyncDateTime: toGraphTime(epochMs - sinceSyncMs),
    operatingSystem: made.operatingSystem,
    complianceState,
    jailBroken: isPhone ? 'False' : 'Unknown',
    managementAgent: 'mdm',
    osVersion: random.pick(made.versions),
    azureADRegistered: true,
    azureADDeviceId: random.uuid(),
    deviceRegistrationState: 'registered',
    deviceCategoryDisplayName: 'Unknown',
    isSupervised: made.operatingSystem === 'iOS' && isCompany,
    isEncrypted: complianceState === 'compliant' || random.chance(0.5),
    userPrincipalName: owner?.userPrincipalName ?? '',
    userDisplayName: owner?.displayName ?? '',
    emailAddress: owner?.mail ?? '',
    model,
    manufacturer: made.manufacturer,
    serialNumber,
    phoneNumber: isPhone ? (owner?.mobilePhone ?? '').replace(/.(?=.{2})/g, '*') : '',
    totalStorageSpaceInBytes: storage,
    freeStorageSpaceInBytes: Math.floor((storage * random.integer(8, 80)) / 100),
  };
}
