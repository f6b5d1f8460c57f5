import { en } from '../wording/en.ts';
import { block, expand, frame, heading, inert, richText, run, type CardContent, type Json } from './card.ts';

export const pickVerb = 'steward/pick';

export interface PickOption {
  readonly name: string;
  /** What tells namesakes apart: job title, department, user name. */
  readonly context: readonly string[];
}

const TEMPLATE = frame('${summary}', [
  heading('${title}'),
  block(en.pick.how, { isSubtle: true, spacing: 'Small' }),
  {
    type: 'Container',
    $data: '${options}',
    separator: true,
    selectAction: { type: 'Action.Execute', verb: pickVerb, data: { reference: '${$root.reference}', choice: '${index}' }, title: '${row}' },
    items: [richText(run('${name}', { weight: 'Bolder' })), { ...(richText(run('${context}', { isSubtle: true })) as object), spacing: 'None' }],
  },
]);

/** The card on which a person picks one of several matches; `kind` says of what. */
export function pickCard(reference: string, options: readonly PickOption[], kind = 'person'): CardContent {
  const shown = options.map((option, index) => ({ index, label: `${index + 1}`, row: en.pick.row(index + 1), name: `${index + 1}. ${inert(option.name)}`, context: option.context.map((fact) => inert(fact)).join(' · ') }));
  const content = expand(TEMPLATE, { reference, options: shown, title: en.pick.title(kind), summary: en.pick.summary(kind) });
  // Buttons as well as rows: a row that can be clicked is not visible as such to everyone. Titles are numbers, since
  // a button's title renders no runs and names come from outside.
  const actions: Json[] = shown.slice(0, 6).map((option) => ({ type: 'Action.Execute', title: option.label, verb: pickVerb, data: { reference, choice: option.index } }));
  return { ...content, actions };
}

/** What stands in its place afterwards. */
export function pickedCard(text: string): CardContent {
  return expand(frame(en.pick.done, [heading(en.pick.done), richText(run('${text}'))]), { text: inert(text) });
}
