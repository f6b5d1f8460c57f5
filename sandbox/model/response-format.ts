/**
 * `response_format` of chat completions, api-version 2024-10-21: which shapes are taken, and the errors for the others.
 * Sources: Microsoft Learn, "Structured outputs" and "JSON mode"; the wording of errors from reports of the real ones,
 * such as dottxt-ai/outlines#844, vercel/ai#6484, microsoft/semantic-kernel#10485 and podly_pure_podcasts#89.
 */
import { isRecord } from './tools.ts';
import { azureError, bad, WireError } from './wire-error.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | { readonly type: 'json_schema'; readonly name: string; readonly strict: boolean; readonly schema: JsonSchema };

/** The first version, of preview and GA alike, that knows `json_schema`; versions are dates, and compare as text. */
const FIRST_WITH_SCHEMAS = '2024-08-01';
const MAX_NAME = 64;
const MAX_PROPERTIES = 100;
const MAX_DEPTH = 5;

/** What strict mode does not take, by the table of "Structured outputs", and the combinations that it never took. */
const NOT_PERMITTED: ReadonlySet<string> = new Set([
  'minLength', 'maxLength', 'pattern', 'format', 'minimum', 'maximum', 'multipleOf', 'exclusiveMinimum', 'exclusiveMaximum',
  'patternProperties', 'unevaluatedProperties', 'propertyNames', 'minProperties', 'maxProperties',
  'unevaluatedItems', 'contains', 'minContains', 'maxContains', 'minItems', 'maxItems', 'uniqueItems',
  'allOf', 'oneOf', 'not', 'dependentRequired', 'dependentSchemas', 'if', 'then', 'else',
]);
const TYPES: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);

/** @param texts What the messages say: JSON mode wants the word in one of them. */
export function readResponseFormat(value: unknown, texts: readonly string[], apiVersion: string): ResponseFormat {
  if (value === undefined || value === null) return { type: 'text' };
  if (!isRecord(value)) throw bad(`Invalid type for 'response_format': expected an object, but got ${kindOf(value)} instead.`, 'response_format', 'invalid_type');
  const type = value['type'];
  if (type === undefined) throw missing('response_format.type');
  if (type !== 'text' && type !== 'json_object' && type !== 'json_schema') {
    throw bad(`Invalid value: ${typeof type === 'string' ? `'${type}'` : JSON.stringify(type)}. Supported values are: 'json_object', 'json_schema', and 'text'.`, 'response_format.type', 'invalid_value');
  }
  if (type === 'json_schema' && apiVersion.slice(0, FIRST_WITH_SCHEMAS.length) < FIRST_WITH_SCHEMAS) {
    throw new WireError(400, azureError('BadRequest', 'response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later'));
  }
  refuseUnknown(value, type === 'json_schema' ? ['type', 'json_schema'] : ['type'], 'response_format');
  if (type === 'json_schema') return readJsonSchema(value['json_schema']);
  if (type === 'json_object' && !texts.some((text) => /json/iu.test(text))) {
    throw bad("'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.", 'messages');
  }
  return { type };
}

function readJsonSchema(value: unknown): ResponseFormat {
  const path = 'response_format.json_schema';
  if (value === undefined) throw missing(path);
  if (!isRecord(value)) throw bad(`Invalid type for '${path}': expected an object, but got ${kindOf(value)} instead.`, path, 'invalid_type');
  refuseUnknown(value, ['name', 'description', 'strict', 'schema'], path);
  const name = readName(value['name'], `${path}.name`);
  const strict = value['strict'] ?? false;
  if (typeof strict !== 'boolean') throw bad(`Invalid type for '${path}.strict': expected a boolean, but got ${kindOf(strict)} instead.`, `${path}.strict`, 'invalid_type');
  const schema = value['schema'];
  if (schema === undefined) throw missing(`${path}.schema`);
  if (!isRecord(schema)) throw bad(`Invalid type for '${path}.schema': expected an object, but got ${kindOf(schema)} instead.`, `${path}.schema`, 'invalid_type');
  if (schema['type'] !== 'object') {
    throw badSchema(name, `schema must be a JSON Schema of 'type: "object"', got 'type: "${typeof schema['type'] === 'string' ? schema['type'] : 'None'}"'.`);
  }
  if (strict) checkStrict(name, schema);
  return { type: 'json_schema', name, strict, schema };
}

function readName(name: unknown, path: string): string {
  if (name === undefined) throw missing(path);
  if (typeof name !== 'string') throw bad(`Invalid type for '${path}': expected a string, but got ${kindOf(name)} instead.`, path, 'invalid_type');
  if (name.length > MAX_NAME) {
    throw bad(`Invalid '${path}': string too long. Expected a string with maximum length ${String(MAX_NAME)}, but got a string with length ${String(name.length)} instead.`, path, 'string_above_max_length');
  }
  if (!/^[a-zA-Z0-9_-]+$/u.test(name)) throw bad(`Invalid '${path}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`, path, 'invalid_value');
  return name;
}

interface Place {
  readonly name: string;
  readonly path: readonly string[];
  /** Levels of objects and arrays around it. */
  readonly depth: number;
}

/** The rules of strict mode for every part of the schema; the first that is broken is told. */
function checkStrict(name: string, schema: JsonSchema): void {
  let properties = 0;
  const check = (part: unknown, place: Place): void => {
    if (!isRecord(part)) throw badPlace(place, 'schema must be an object.');
    const fault = faultOf(part);
    if (fault !== undefined) throw badPlace(place, fault);
    if (place.depth > MAX_DEPTH) throw badSchema(name, `${String(MAX_DEPTH)} levels of nesting exceeded.`);
    const below = (...path: string[]): Place => ({ name, path: [...place.path, ...path], depth: place.depth });
    for (const [key, inner] of Object.entries(childrenOf(part, 'properties'))) {
      properties += 1;
      if (properties > MAX_PROPERTIES) throw badSchema(name, `more than ${String(MAX_PROPERTIES)} object properties in total.`);
      check(inner, { ...below('properties', key), depth: place.depth + 1 });
    }
    if (part['items'] !== undefined) check(part['items'], below('items'));
    if (Array.isArray(part['anyOf'])) part['anyOf'].forEach((inner: unknown, index) => { check(inner, below('anyOf', String(index))); });
    for (const key of ['$defs', 'definitions']) for (const [inside, inner] of Object.entries(childrenOf(part, key))) check(inner, { ...below(key, inside), depth: 0 });
  };
  check(schema, { name, path: [], depth: 0 });
}

/** What strict mode finds wrong with one part of a schema, its own children aside. */
function faultOf(part: JsonSchema): string | undefined {
  const unwanted = Object.keys(part).find((key) => NOT_PERMITTED.has(key));
  if (unwanted !== undefined) return `'${unwanted}' is not permitted.`;
  if (part['$ref'] !== undefined || part['anyOf'] !== undefined || part['enum'] !== undefined || part['const'] !== undefined) return undefined;
  const types: readonly unknown[] = Array.isArray(part['type']) ? part['type'] : [part['type']];
  if (part['type'] === undefined) return "schema must have a 'type' key.";
  const strange = types.find((type) => !TYPES.has(type));
  if (strange !== undefined) return `${JSON.stringify(strange)} is not valid under any of the given schemas.`;
  if (types.includes('array') && part['items'] === undefined) return 'array schema missing items.';
  if (!types.includes('object')) return undefined;
  if (part['additionalProperties'] !== false) return "'additionalProperties' is required to be supplied and to be false.";
  const required: readonly unknown[] = Array.isArray(part['required']) ? part['required'] : [];
  const keys = Object.keys(childrenOf(part, 'properties'));
  const absent = keys.find((key) => !required.includes(key));
  if (absent !== undefined) return `'required' is required to be supplied and to be an array including every key in properties. Missing '${absent}'.`;
  const extra = required.find((key) => typeof key !== 'string' || !keys.includes(key));
  return extra === undefined ? undefined : `'required' is required to be supplied and to be an array including every key in properties. Extra required key '${typeof extra === 'string' ? extra : JSON.stringify(extra)}' supplied.`;
}

function childrenOf(part: JsonSchema, key: string): JsonSchema {
  const children = part[key];
  return isRecord(children) ? children : {};
}

function badPlace({ name, path }: Place, fault: string): WireError {
  // The service is written in Python and prints a tuple.
  const quoted = path.map((part) => `'${part}'`);
  return badSchema(name, `In context=(${quoted.join(', ')}${quoted.length === 1 ? ',' : ''}), ${fault}`);
}

function badSchema(name: string, fault: string): WireError {
  return bad(`Invalid schema for response_format '${name}': ${fault}`, 'response_format');
}

function missing(path: string): WireError {
  return bad(`Missing required parameter: '${path}'.`, path, 'missing_required_parameter');
}

function refuseUnknown(value: JsonSchema, known: readonly string[], path: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw bad(`Unknown parameter: '${path}.${unknown}'.`, `${path}.${unknown}`, 'unknown_parameter');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'number' ? 'a number' : typeof value === 'boolean' ? 'a boolean' : typeof value === 'object' ? 'an object' : 'a string';
}

const MAX_REFERENCES = 20;

/**
 * A text that keeps to the format. Who is no language model has nothing to say in somebody else's fields, so a schema
 * gets the emptiest value that fits it.
 */
export function formatted(text: string, format: ResponseFormat): string {
  switch (format.type) {
    case 'text':
      return text;
    case 'json_object':
      return JSON.stringify({ text });
    case 'json_schema':
      return JSON.stringify(emptiest(format.schema, format.schema, 0));
  }
}

function emptiest(part: unknown, root: JsonSchema, references: number): unknown {
  if (!isRecord(part)) return null;
  if ('const' in part) return part['const'];
  if (Array.isArray(part['enum'])) return part['enum'][0] ?? null;
  if (Array.isArray(part['anyOf'])) return emptiest(part['anyOf'].find((choice: unknown) => isRecord(choice) && choice['type'] === 'null') ?? part['anyOf'][0], root, references);
  if (typeof part['$ref'] === 'string') return references < MAX_REFERENCES ? emptiest(lookUp(part['$ref'], root), root, references + 1) : null;
  const types: readonly unknown[] = Array.isArray(part['type']) ? part['type'] : [part['type']];
  if (types.includes('null')) return null;
  switch (types[0]) {
    case 'string':
      return '';
    case 'number':
    case 'integer':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return Object.fromEntries(Object.entries(childrenOf(part, 'properties')).map(([key, inner]) => [key, emptiest(inner, root, references)]));
    default:
      return null;
  }
}

function lookUp(reference: string, root: JsonSchema): unknown {
  return reference.replace(/^#\/?/u, '').split('/').filter((step) => step !== '').reduce<unknown>((at, step) => (isRecord(at) && Object.hasOwn(at, step) ? at[step] : undefined), root);
}
