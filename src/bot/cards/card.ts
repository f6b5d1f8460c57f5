import { createRequire } from 'node:module';
import { inertName, inertWhole } from '../say.ts';

/** Adaptive Card JSON, as data. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
export type CardContent = Readonly<Record<string, unknown>>;

/** What is used of adaptivecards-templating. Its own types pull in the TypeScript sources of another package. */
interface Engine {
  readonly Template: new (template: Json) => { expand(context: { readonly $root: unknown }): unknown };
}

// Required when the first card is made: the expression engine behind it takes 200 ms to load.
const require = createRequire(import.meta.url);
let engine: Engine | undefined;

/**
 * Expands a template. Values are inserted in one pass and never expanded again, so a name that looks like a template
 * stays a name; `inert` breaks what the client itself would expand.
 */
export function expand(template: Json, data: Readonly<Record<string, unknown>>): CardContent {
  engine ??= require('adaptivecards-templating') as Engine;
  return new engine.Template(structuredClone(template)).expand({ $root: data }) as CardContent;
}

/** The frame of every card. Teams renders Adaptive Cards up to version 1.5. */
export function frame(fallbackText: string, body: readonly Json[], actions?: readonly Json[]): Json {
  return {
    type: 'AdaptiveCard',
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    version: '1.5',
    fallbackText,
    body,
    ...(actions && actions.length > 0 && { actions }),
  };
}

/** Text from outside may stand in RichTextBlock runs only: they render no Markdown. */
export function run(text: string, style: Readonly<Record<string, Json>> = {}): Json {
  return { type: 'TextRun', text, ...style };
}

export function richText(...inlines: readonly Json[]): Json {
  return { type: 'RichTextBlock', inlines };
}

export function heading(text: string): Json {
  return { type: 'TextBlock', text, weight: 'Bolder', size: 'Medium', wrap: true, style: 'heading' };
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
