/** A real Steward in a process of its own, with every debug switch on; Teams, the model and the disk are watched here. */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants, createPrivateKey, privateDecrypt } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guidFromSeed, identitiesFromSeed } from '../../sandbox/identifiers.ts';
import { PATIENCE_MS } from '../../test/machine.ts';
import { Connector } from '../../test/stories/harness/connector.ts';
import { Control, type Persona } from '../../test/stories/harness/journal.ts';
import { isObject, parse, textAt } from '../../test/stories/harness/json.ts';
import { ScriptedModel } from '../../test/stories/harness/model.ts';
import { Chat } from '../../test/stories/harness/teams.ts';
import { until } from '../../test/stories/harness/wait.ts';

export const SEED = 4711;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** What the product is made of; a fault is planted in a copy of it. */
const PARTS = ['src', 'sandbox', 'prompts', 'infra', 'bench', 'scripts', 'package.json', 'tsconfig.json'];
const SECRETS = 'secrets.jsonl';
const VAULT = 'vault-keys.json';
const DEBUG_SWITCHES = { AZURE_LOG_LEVEL: 'verbose', DEBUG: '*', OPENAI_LOG: 'debug', NODE_DEBUG: 'http,https,net' };

/** A row of a table, and all of it as text. */
export interface StoredRow {
  readonly table: string;
  readonly key: string;
  readonly text: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A secret by what it is for. */
export interface Told {
  readonly name: string;
  readonly value: string;
}

/** A change of the code that takes one protection away. */
export interface Fault {
  readonly name: string;
  readonly changes: readonly (readonly [file: string, from: string, to: string])[];
}

export class Stage {
  readonly connector: Connector;
  readonly model: ScriptedModel;
  readonly control: Control;
  readonly people: readonly Persona[];
  readonly tenantId = guidFromSeed(SEED, 'tenant');
  readonly #bot: string;
  readonly #child: ChildProcess;
  readonly #printed: string[];
  readonly #directory: string;
  readonly #end: Promise<void>;

  private constructor(parts: { connector: Connector; model: ScriptedModel; control: Control; people: readonly Persona[]; bot: string; child: ChildProcess; printed: string[]; directory: string; end: Promise<void> }) {
    this.connector = parts.connector;
    this.model = parts.model;
    this.control = parts.control;
    this.people = parts.people;
    this.#bot = parts.bot;
    this.#child = parts.child;
    this.#printed = parts.printed;
    this.#directory = parts.directory;
    this.#end = parts.end;
  }

  static async open(fault?: Fault): Promise<Stage> {
    const directory = mkdtempSync(join(tmpdir(), 'steward-secrets-'));
    const [connector, model] = await Promise.all([Connector.start(), ScriptedModel.start()]);
    const cwd = fault === undefined ? ROOT : planted(fault, directory);
    const printed: string[] = [];
    const child = spawn(process.execPath, ['--import', 'tsx', 'sandbox/main.ts', '--headless', '--port', '0', '--seed', String(SEED), '--data', join(directory, 'data'), '--secrets', join(directory, SECRETS), '--model', model.url, '--model-name', 'scripted'], {
      cwd,
       
      env: { ...process.env, ...DEBUG_SWITCHES },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => printed.push(text));
    const end = new Promise<void>((resolve) => child.once('close', () => resolve()));
    try {
      const ready = await until(() => (child.exitCode === null ? parse(printed.join('').split('\n').find((line) => line.includes('"ready"')) ?? '') : 'over'), 2 * PATIENCE_MS, 'the sandbox');
      if (!isObject(ready)) throw new Error(`the sandbox ended: ${printed.join('').slice(-600)}`);
      const control = new Control(textAt(ready, 'control'));
      return new Stage({ connector, model, control, people: await control.people(), bot: textAt(ready, 'bot'), child, printed, directory, end });
    } catch (error) {
      child.kill('SIGKILL');
      await Promise.all([connector.stop(), model.stop()]);
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  chat(person: Persona): Chat {
    const chat = new Chat({ bot: this.#bot, botId: `28:${identitiesFromSeed(SEED).channel}`, tenantId: this.tenantId, connector: this.connector, model: this.model }, person, 'personal');
    this.connector.setMembers(chat.id, [{ id: person.teamsId, name: person.name, aadObjectId: person.aadObjectId, tenantId: person.tenantId, userPrincipalName: person.upn }]);
    return chat;
  }

  person(roles: string): Persona {
    const found = this.people.find((person) => person.roles.join() === roles && person.tenantId === this.tenantId);
    if (found === undefined) throw new Error(`there is nobody with ${roles}`);
    return found;
  }

  /** Every secret that the sandbox has made so far, those of the vault's keys excepted. */
  secrets(): readonly Told[] {
    return readFileSync(join(this.#directory, SECRETS), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Told);
  }

  /**
   * Stops it as an operator does. Gives what it printed, each file and each row of a table that it left on the disk, and every
   * secret that there was. The file of the vault's keys is the vault itself.
   */
  async close(): Promise<{ readonly printed: string; readonly files: readonly (readonly [name: string, text: string])[]; readonly rows: readonly StoredRow[]; readonly secrets: readonly Told[] }> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    await this.#end;
    clearTimeout(timer);
    await Promise.all([this.connector.stop(), this.model.stop()]);
    const data = join(this.#directory, 'data');
    const all = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== VAULT).map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'latin1')] as const);
    const rows = all.filter(([name]) => name.includes('table')).flatMap(([, text]) => rowsIn(text));
    const files = all.filter(([name]) => !name.includes('table'));
    const secrets = [...this.secrets(), ...keysOf(readFileSync(join(data, VAULT), 'utf8'), rows)];
    rmSync(this.#directory, { recursive: true, force: true });
    return { printed: this.#printed.join(''), files, rows, secrets };
  }
}

/** Fails when the code is no longer what the fault would change. */
export function assertPlantable({ changes, name }: Fault): void {
  for (const [file, from] of changes) if (!readFileSync(join(ROOT, file), 'utf8').includes(from)) throw new Error(`the fault “${name}” has no place in ${file}`);
}

function planted({ changes }: Fault, directory: string): string {
  const copy = join(directory, 'copy');
  for (const part of PARTS) cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const [file, from, to] of changes) {
    const text = readFileSync(join(copy, file), 'utf8');
    writeFileSync(join(copy, file), text.replaceAll(from, to));
  }
  return copy;
}

/** The private keys of the vault; and the key of each person whom the ledger names, which stands wrapped in storage. */
function keysOf(vault: string, rows: readonly StoredRow[]): readonly Told[] {
  const keys = JSON.parse(vault) as Readonly<Record<string, readonly { readonly version: string; readonly privateKey: string }[]>>;
  const own = Object.entries(keys).flatMap(([name, versions]) =>
    versions.flatMap(({ privateKey }) => {
      const jwk = createPrivateKey(privateKey).export({ format: 'jwk' });
      return (['d', 'p', 'q'] as const).map((part) => ({ name: `private key ${name}: ${part}`, value: jwk[part] ?? '' }));
    }),
  );
  const wrapping = new Map((keys['ledger-wrapping-key'] ?? []).map(({ privateKey, version }) => [version, privateKey]));
  const people = rows.filter(({ table }) => table === 'personkeys').flatMap(({ properties: { wrapped, wrappedBy } }, index) => {
    const key = wrapping.get(String(wrappedBy).split('/')[1] ?? '');
    if (key === undefined || typeof wrapped !== 'string' || wrapped === '') return [];
    const secret = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, Buffer.from(wrapped, 'base64url'));
    return (['hex', 'base64', 'base64url'] as const).map((form) => ({ name: `key of person ${index + 1}, ${form}`, value: secret.toString(form) }));
  });
  return [...own, ...people];
}

/** Azurite keeps all tables in one file of JSON. */
function rowsIn(text: string): readonly StoredRow[] {
  const { collections } = JSON.parse(text) as { readonly collections: readonly { readonly name: string; readonly data: readonly { readonly properties?: Readonly<Record<string, unknown>>; readonly PartitionKey?: string; readonly RowKey?: string }[] }[] };
  return collections.flatMap(({ data, name }) => data.map((row) => ({ table: name.split('$').at(-1) ?? name, key: row.RowKey ?? '', text: JSON.stringify(row), properties: row.properties ?? {} })));
}
