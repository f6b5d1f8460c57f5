import type { Permitted } from '../../guard/gate.ts';
import type { PersonFacts, Role } from '../../guard/ports.ts';
import { en } from '../wording/en.ts';
import { block, expand, frame, heading, richText, run, subheading, type CardContent, type Json } from './card.ts';

const words = en.help;

/** Kinds of approval, in the order in which they are shown: what costs nothing first. */
const KINDS: readonly Permitted['kind'][] = ['run', 'confirm', 'second person'];

export interface Introduction {
  readonly content: CardContent;
  readonly summary: string;
}

export interface Offer {
  readonly permitted: readonly Permitted[];
  /** Whether questions can be answered here. */
  readonly hasArticles: boolean;
}

/** “What can I do?”, for this person: what the policy permits them, by who must agree to it. */
export function helpCard(person: Pick<PersonFacts, 'roles'>, offer: Offer): Introduction {
  return { content: expand(frame(words.title, [heading(words.title), ...abilities(person.roles, offer)]), {}), summary: words.title };
}

/** Who Steward is, once, at installation; and what this person may ask. */
export function welcomeCard(person: Pick<PersonFacts, 'roles'>, offer: Offer): Introduction {
  const body = [heading(words.welcome), block(words.who, { spacing: 'Small' }), ...words.promises.map((promise) => block(`✓ ${promise}`, { spacing: 'Small' })), subheading(words.title), ...abilities(person.roles, offer)];
  return { content: expand(frame(words.welcome, body), {}), summary: words.welcome };
}

function abilities(roles: readonly Role[], { hasArticles, permitted }: Offer): readonly Json[] {
  if (permitted.length === 0 && !roles.includes('admin') && !roles.includes('approver') && !roles.includes('data protection')) return [block(words.nothing)];
  const groups = KINDS.map((kind) => ({ title: words.groups[kind], lines: permitted.filter((each) => each.kind === kind).map(lineOf) }));
  return [
    block(words.roles(roles.map((role) => en.roleNames[role]).join(', ')), { isSubtle: true, spacing: 'None' }),
    ...(hasArticles ? section(words.ask, words.askLines.map(([what, example]) => line(what, example))) : []),
    ...groups.flatMap(({ title, lines }) => (lines.length === 0 ? [] : section(title, lines))),
    ...(roles.includes('approver') ? section(words.approver, [block(words.approverText, { spacing: 'Small' })]) : []),
    ...(roles.includes('admin') ? section(words.admin, words.adminLines.map(([what, example]) => line(what, example))) : []),
    ...(roles.includes('data protection') ? section(words.officer, words.officerLines.map(([what, example]) => line(what, example))) : []),
    block(words.end, { isSubtle: true, separator: true, spacing: 'Large' }),
  ];
}

function section(title: string, lines: readonly Json[]): readonly Json[] {
  return [subheading(title), ...lines];
}

/** One line an action: what it does, and a sentence that can be typed as it stands. */
function lineOf({ action, own }: Permitted): Json {
  const wording = (own ? words.own.get(action.name) : undefined) ?? en.actions.get(action.name);
  return line(wording?.help ?? action.name.replaceAll('_', ' '), wording?.example ?? '');
}

function line(what: string, example: string): Json {
  return { ...(richText(run(what), ...(example === '' ? [] : [run(`  “${example}”`, { isSubtle: true })])) as object), spacing: 'Small' };
}
