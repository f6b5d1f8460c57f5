// made up: see made-up.ts
/**
 * The templates that a yardstick's texts are written as: in one, `«name»` is a secret that must be gone afterwards, and
 * `‹name›` is made up as well and may stay. The same seed and makers give the same text on every machine.
 */
import { crc32 } from 'node:zlib';
import { chanceOf, type Chance } from '../random.ts';

const PLACES_IN_A_TEMPLATE = 16;

/** A text with one secret in it. */
export interface Positive {
  readonly class: string;
  readonly text: string;
  /**
   * The exact substring that must be gone: the part that a match which stops short would leave behind. The second half of
   * a secret, what follows a break or a character that looks like an end, the signature of a token, a line of a key.
   */
  readonly secret: string;
}

/** A text in which nothing may be touched. */
export interface Negative {
  readonly about: string;
  readonly text: string;
}

/** A secret as it stands in the text, or that and the part of it that must be gone. */
export type Made = string | { readonly shown: string; readonly secret: string };
export type Makers = ReadonlyMap<string, (chance: Chance) => Made>;

export interface Templates {
  /** @returns one vector for each secret of each template, in the order of the templates. */
  readonly positivesOf: (secretClass: string, templates: readonly string[]) => readonly Positive[];
  /** @returns the templates as texts, with whatever stands in `‹name›` made up. */
  readonly negativesOf: (about: string, templates: readonly string[]) => readonly Negative[];
}

/** Where nothing else is said, of a secret its second half: who takes the whole takes that too. */
const secretOf = (made: Made) => (typeof made === 'string' ? made.slice(Math.floor(made.length / 2)) : made.secret);

export function templatesOf(seed: number, makers: Makers): Templates {
  /** Replaces what stands in brackets, each with a chance of its own. */
  function fill(template: string, about: string, index: number, seen: (bracket: string, secret: string) => void): string {
    let place = index * PLACES_IN_A_TEMPLATE;
    return template.replace(/([«‹])(\w+)[»›]/gu, (_, bracket: string, name: string) => {
      const made = makers.get(name)?.(chanceOf(seed ^ crc32(about), place++));
      if (made === undefined) throw new Error(`nothing makes \`${name}\``);
      seen(bracket, secretOf(made));
      return typeof made === 'string' ? made : made.shown;
    });
  }
  return {
    positivesOf: (secretClass, templates) =>
      templates.flatMap((template, index) => {
        const secrets: string[] = [];
        const text = fill(template, secretClass, index, (bracket, secret) => {
          if (bracket === '«') secrets.push(secret);
        });
        if (secrets.length === 0) throw new Error(`no secret in \`${template}\``);
        return secrets.map((secret) => ({ class: secretClass, text, secret }));
      }),
    negativesOf: (about, templates) =>
      templates.map((template, index) => ({
        about,
        text: fill(template, about, index, (bracket) => {
          if (bracket === '«') throw new Error(`a secret in \`${template}\``);
        }),
      })),
  };
}
