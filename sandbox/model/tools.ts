/** Reads a request's tool list: what each tool does, what it is about, and what each parameter wants. */
import { findAction, findObjects } from './intents.ts';
import { LISTED } from './requests.ts';
import { stem, tokenise } from './tokenise.ts';
import { ACCESS_OBJECTS, ANSWER, COMMANDS, FIND } from './words.ts';

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly parameters: unknown;
}

export type ParameterRole =
  | { readonly type: 'handle'; readonly kind: string }
  /** The why of a request, in the person's own words. */
  | { readonly type: 'reason'; readonly maxLength: number }
  /** Any other free text: a name, a query. */
  | { readonly type: 'text'; readonly maxLength: number }
  | { readonly type: 'choice'; readonly values: readonly string[] }
  | { readonly type: 'number' }
  | { readonly type: 'other' };

export interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly role: ParameterRole;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** A concept of `words.ts`, or the stem of the verb in the tool's name. */
  readonly action: string;
  readonly objects: ReadonlySet<string>;
  /** Kind of the first handle it needs, if any. */
  readonly targetKind?: string;
  /** True for a tool that finds things from free text. */
  readonly finder: boolean;
  /** The parameter for the question, of a tool that answers questions from articles. */
  readonly question?: { readonly parameter: string; readonly maxLength: number };
}

const DEFAULT_MAX_LENGTH = 200;
/** Of a question; it is the whole message. */
const MAX_QUESTION = 4000;

export function readTools(definitions: readonly ToolDefinition[]): readonly Tool[] {
  return definitions.map(readTool);
}

/** Verbs that count as commands: the list of ordinary ones, and those that only a tool's name brings in. */
export function commandVerbs(tools: readonly Tool[]): ReadonlySet<string> {
  const verbs = new Set(COMMANDS);
  for (const tool of tools) if (!LISTED.has(tool.name) && tool.action === nameTokens(tool.name)[0]?.stem) verbs.add(tool.action);
  verbs.delete('');
  return verbs;
}

function readTool(definition: ToolDefinition): Tool {
  const parameters = readParameters(definition.parameters);
  const name = nameTokens(definition.name);
  // What a tool does not do is the second half of a good description; only the first sentence says what it does.
  const purpose = tokenise(positiveSentences(definition.description)[0] ?? '');
  const target = parameters.find((parameter) => parameter.role.type === 'handle');
  const objects = new Set([...findObjects(name), ...findObjects(purpose)]);
  const finder = LISTED.has(definition.name) ? definition.name.startsWith('find_') : target === undefined && parameters.some((parameter) => parameter.role.type === 'text');
  const named = findAction(name)?.action;
  const question = questionOf(definition, parameters);
  const action = named ?? (COMMANDS.has(name[0]?.stem ?? '') ? name[0]?.stem : undefined) ?? findAction(purpose)?.action ?? name[0]?.stem ?? '';
  return {
    name: definition.name,
    description: definition.description,
    parameters,
    action: finder && action !== ANSWER ? FIND : action,
    objects,
    finder: finder && action !== ANSWER,
    ...(target?.role.type === 'handle' ? { targetKind: target.role.kind } : {}),
    ...(question === undefined ? {} : { question }),
  };
}

/** Known by what it says it does, and by the one string that it must have. */
function questionOf({ description, parameters: schema }: ToolDefinition, parameters: readonly Parameter[]): Tool['question'] {
  const purpose = positiveSentences(description).join(' ');
  const [parameter, ...others] = parameters.filter(({ required }) => required);
  if (!/\banswers?\b[^.]*\bquestions?\b[^.]*\barticles?\b/iu.test(purpose) || parameter === undefined || others.length > 0) return undefined;
  const properties = isRecord(schema) && isRecord(schema['properties']) ? schema['properties'] : {};
  const property = properties[parameter.name];
  if (!isRecord(property) || property['type'] !== 'string' || parameter.role.type === 'handle' || parameter.role.type === 'choice') return undefined;
  return { parameter: parameter.name, maxLength: typeof property['maxLength'] === 'number' ? property['maxLength'] : MAX_QUESTION };
}

/** What narrows a tool down beyond a person's access as a whole. */
export function narrow(objects: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...objects].filter((object) => !ACCESS_OBJECTS.has(object)));
}

function nameTokens(name: string): ReturnType<typeof tokenise> {
  return tokenise(name.replace(/([a-z])([A-Z])/gu, '$1 $2').replace(/[_\-.]+/gu, ' '));
}

export function positiveSentences(description: string): readonly string[] {
  return description.split(/(?<=[.;!?])\s+/u).filter((sentence) => !/\b(?:not|never|no)\b|n't\b/iu.test(sentence));
}

function readParameters(schema: unknown): readonly Parameter[] {
  if (!isRecord(schema) || !isRecord(schema['properties'])) return [];
  const required = new Set(Array.isArray(schema['required']) ? schema['required'].filter((item): item is string => typeof item === 'string') : []);
  return Object.entries(schema['properties']).map(([name, property]) => ({ name, required: required.has(name), role: readRole(name, property) }));
}

function readRole(name: string, property: unknown): ParameterRole {
  if (!isRecord(property)) return { type: 'other' };
  if (Array.isArray(property['enum'])) {
    return { type: 'choice', values: property['enum'].filter((item): item is string => typeof item === 'string') };
  }
  if (property['type'] === 'number' || property['type'] === 'integer') return { type: 'number' };
  if (property['type'] !== 'string') return { type: 'other' };
  const kind = /^\^?\(?([a-z]+)_/u.exec(typeof property['pattern'] === 'string' ? property['pattern'] : '')?.[1];
  if (kind !== undefined) return { type: 'handle', kind };
  const maxLength = typeof property['maxLength'] === 'number' ? property['maxLength'] : DEFAULT_MAX_LENGTH;
  const about = `${name.replace(/_/gu, ' ')} ${typeof property['description'] === 'string' ? property['description'] : ''}`;
  return isReason(name, about) ? { type: 'reason', maxLength } : { type: 'text', maxLength };
}

function isReason(name: string, about: string): boolean {
  const reasonWords = new Set(['reason', 'why', 'justification', 'because', 'cause', 'comment', 'rationale', 'motive', 'grounds', 'purpose'].map(stem));
  if (tokenise(name.replace(/_/gu, ' ')).some((token) => reasonWords.has(token.stem))) return true;
  return tokenise(about).slice(0, 12).some((token) => reasonWords.has(token.stem));
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
