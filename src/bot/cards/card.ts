import { createRequire } from 'node:module';
import { inertName, inertWhole } from '../say.ts';
import { en } from '../wording/en.ts';

/** Adaptive Card JSON, as data. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
export type CardContent = Readonly<Record<string, unknown>>;

/** What is used of adaptivecards-templating. Its own types pull in the TypeScript sources of another package. */
interface Engine {
  readonly Template: new (template: Json) => ParsedTemplate;
}

interface ParsedTemplate {
  expand(context: { readonly $root: unknown }): unknown;
}

// Required when the first card is made: the expression engine behind it takes 200 ms to load.
const require = createRequire(import.meta.url);
let engine: Engine | undefined;
/** Templates hold no text from outside, so there are as many as there are kinds of card; parsing one costs 2 ms, using it again nothing. */
const parsed = new Map<string, ParsedTemplate>();
const MOST_PARSED = 200;

/**
 * Expands a template. Values are inserted in one pass and never expanded again, so a name that looks like a template
 * stays a name; `inert` breaks what the client itself would expand.
 */
export function expand(template: Json, data: Readonly<Record<string, unknown>>): CardContent {
  return parse(template).expand({ $root: data }) as CardContent;
}

function parse(template: Json): ParsedTemplate {
  const key = JSON.stringify(template);
  const known = parsed.get(key);
  if (known !== undefined) return known;
  engine ??= require('adaptivecards-templating') as Engine;
  const made = new engine.Template(JSON.parse(key) as Json);
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(key, made);
  return made;
}

/** The frame of every card. Teams renders Adaptive Cards up to version 1.5. `speak` names the card to a screen reader. */
export function frame(speak: string, body: readonly Json[]): Json {
  return {
    type: 'AdaptiveCard',
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    version: '1.5',
    fallbackText: en.card.fallback,
    speak,
    body,
  };
}

/** Text from outside may stand in RichTextBlock runs only: they render no Markdown. */
export function run(text: string, style: Readonly<Record<string, Json>> = {}): Json {
  return { type: 'TextRun', text, ...style };
}

export function richText(...inlines: readonly Json[]): Json {
  return { type: 'RichTextBlock', inlines };
}

/** Text of ours. Never text from outside: a TextBlock renders Markdown. */
export function block(text: string, style: Readonly<Record<string, Json>> = {}): Json {
  return { type: 'TextBlock', text, wrap: true, ...style };
}

/** A heading for the eye and for a screen reader. */
export function heading(text: string, style: Readonly<Record<string, Json>> = {}): Json {
  return block(text, { weight: 'Bolder', size: 'Large', style: 'heading', ...style });
}

/** A heading within a card. */
export function subheading(text: string): Json {
  return heading(text, { size: 'Default', spacing: 'Large' });
}

/** Wide enough for the longest label in one or two lines; at 320 px it leaves the value two thirds of the card. */
const LABEL_WIDTH = '80px';

/**
 * A label of ours with what it says beside it. Not a FactSet: that renders Markdown, and values come from outside.
 * The columns stand side by side on the narrowest client too.
 */
export function fact(label: string, value: readonly Json[], style: Readonly<Record<string, Json>> = {}): { readonly [key: string]: Json } {
  return {
    type: 'ColumnSet',
    spacing: 'Small',
    ...style,
    columns: [
      { type: 'Column', width: LABEL_WIDTH, items: [block(label, { isSubtle: true })] },
      { type: 'Column', width: 'stretch', items: value },
    ],
  };
}

/** How a state looks. The word says it; the glyph and the colour only help to see it at a glance. */
export type Tone = 'good' | 'warning' | 'attention' | 'accent' | 'emphasis';

/** The strip over a card that says how things stand. */
export function banner(items: readonly Json[], tone: Tone | '${tone}'): Json {
  return { type: 'Container', style: tone, bleed: true, items };
}

/** Outside text for a run: on one line. Never truncated where `whole`, and then its links are pulled apart, not taken out. */
export function inert(text: string, options: { readonly whole?: boolean } = {}): string {
  return options.whole === true ? inertWhole(text) : inertName(text);
}

/** A point in time that the client shows in the reader's own time zone. */
export function clientTime(at: Date): string {
  const iso = `${at.toISOString().slice(0, 19)}Z`;
  return `{{DATE(${iso}, SHORT)}} {{TIME(${iso})}}`;
}
