/** What a message wants done, before it is known which handles that takes. */
import type { Tool } from './tools.ts';

/** A thing that is meant: a handle, a name that still has to be looked up, or what another tool says. */
export type Target =
  | (({ readonly handle: string } | { readonly name: string }) & {
      /** Not the thing itself but what it stands in a relation to, by field names of results: "her manager". */
      readonly relation?: readonly string[];
    })
  | Lookup;

/** The thing of one kind that a tool's result holds: somebody's laptop, the caller of a ticket, the group of that name. */
export interface Lookup {
  /** Name of the tool. */
  readonly via: string;
  readonly kind: string;
  /** What the tool is asked about. */
  readonly of?: Target;
  readonly values?: Readonly<Record<string, string | number>>;
  /** The field of the result that holds it. */
  readonly field?: string;
  /** One of these facts stands beside it. */
  readonly oneOf?: readonly string[];
  /** A fact with all these words stands beside it. */
  readonly words?: readonly string[];
}

export interface Want {
  readonly tool: Tool;
  readonly target?: Target;
  /** Things for its further handle parameters. */
  readonly others?: readonly Target[];
  /** Arguments by name that are neither things nor the reason. */
  readonly values?: Readonly<Record<string, string | number>>;
  /** The reason as the person worded it, or a fragment of what they wrote. */
  readonly reason: string;
  /** The whole message, for free-text parameters that are neither a name nor a reason. */
  readonly text: string;
}

export type Talk = 'greeting' | 'thanks' | 'cancelled' | 'confirm' | 'off-topic' | 'unsupported' | 'declined' | 'who' | 'which' | 'more';
