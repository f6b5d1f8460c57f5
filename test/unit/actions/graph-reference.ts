/** Microsoft's published descriptions of Graph, when they lie beside the checkout; see test/unit/sandbox/graph-specs.test.ts. */
import { existsSync, readFileSync } from 'node:fs';

const folder = new URL('../../../../shared/specs/', import.meta.url);

function read(name: string): string | undefined {
  const file = new URL(name, folder);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

interface PathSet {
  readonly schemeKeys: readonly string[];
  readonly methods: readonly string[];
  readonly paths: Readonly<Record<string, string>>;
}

export interface GraphPermissions {
  /** Whether the file names it as an application permission. */
  isApplication(name: string): boolean;
  /** The application permissions that it lists for an operation; none where it does not have the operation. */
  acceptedFor(method: string, path: string): ReadonlySet<string>;
}

/** Undefined when the description is absent. */
export function readGraphPermissions(): GraphPermissions | undefined {
  const text = read('graph-permissions.json');
  if (text === undefined) return undefined;
  const { permissions } = JSON.parse(text) as { permissions: Readonly<Record<string, { readonly schemes: object; readonly pathSets: readonly PathSet[] }>> }; // the file's published shape
  return {
    isApplication: (name) => Object.hasOwn(permissions, name) && Object.hasOwn(permissions[name]!.schemes, 'Application'),
    acceptedFor: (method, path) =>
      new Set(
        Object.entries(permissions)
          .filter(([, { pathSets }]) => pathSets.some((set) => set.schemeKeys.includes('Application') && set.methods.includes(method) && Object.keys(set.paths).some((known) => known.toLowerCase() === path.toLowerCase())))
          .map(([name]) => name),
      ),
  };
}

export interface GraphTypes {
  /** Property names of an entity or complex type and of those that it derives from; empty where there is no such type. */
  propertiesOf(type: string): ReadonlySet<string>;
  /** Parameter names of the actions of a name. Graph's own examples write them in any case, so these are in lower case. */
  parametersOf(action: string): ReadonlySet<string>;
}

/** Undefined when the description is absent. */
export function readGraphTypes(): GraphTypes | undefined {
  const text = read('graph-v1.0.csdl.xml');
  if (text === undefined) return undefined;
  const propertiesOf = (type: string): ReadonlySet<string> => {
    // Of several types with the name, the one in the `microsoft.graph` namespace comes first.
    const [, kind, attributes = '', body = ''] = new RegExp(`<(EntityType|ComplexType)((?: [^>]*)? Name="${type}"[^>]*)(?<!/)>(.*?)</\\1>`, 's').exec(text) ?? [];
    if (kind === undefined) return new Set();
    const base = /BaseType="graph\.(\w+)"/.exec(attributes)?.[1];
    return new Set([...[...body.matchAll(/<(?:Navigation)?Property Name="(\w+)"/g)].map((match) => match[1] ?? ''), ...(base === undefined ? [] : propertiesOf(base))]);
  };
  return {
    propertiesOf,
    parametersOf: (action) => new Set([...text.matchAll(new RegExp(`<Action Name="${action}"[^>]*>(.*?)</Action>`, 'gs'))].flatMap(([, body = '']) => [...body.matchAll(/<Parameter Name="(\w+)"/g)].map((match) => (match[1] ?? '').toLowerCase()))),
  };
}
