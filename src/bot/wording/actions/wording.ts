/** The words for one action. `title` heads its card, `button` stands on it. */
export interface ActionWording {
  readonly title: string;
  /** For `help`: what a person can ask, with an example. */
  readonly help: string;
  readonly example: string;
  readonly button?: string;
  readonly consequence?: string;
  /** While it runs, and when it is done; `who` is the label of the target. */
  readonly running?: (who: string) => string;
  readonly done?: (who: string) => string;
  /** What the card says in place of “Done” when the system took the order and carries it out by itself. */
  readonly accepted?: string;
  readonly undo?: string;
  /** Whether another action takes it back, so that a button may offer it. */
  readonly reversible?: boolean;
}

/** The words for some actions, by name. */
export type ActionWordings = readonly (readonly [string, ActionWording])[];
