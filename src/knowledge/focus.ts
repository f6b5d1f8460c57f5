import { folded, STOP_WORDS } from './words.ts';

/**
 * The words that a question turns on: which *network*, how many *colleagues*, who *installed* it, is it *better*. A text in which
 * one of them is missing may be about the same things and still answers something else.
 */

/** Behind these no noun follows that is asked for: what *is*, which *do*. */
const VERBS = /^(?:is|are|was|were|am|be|do|does|did|can|could|may|might|must|shall|should|will|would|has|have|had|happens?|goes|ist|sind|war|kann|darf|muss|soll|wird|werden|passiert|mache?|macht|tun|est|sont|faire|faut|dois|doit|peut|puis|que|if|about|else|now|next|i|we|you|ich|wir|je|nous|on|all|exactly|time|day|way|kind|sort|thing|things|order|case)$/;
/** Who does these is whom one turns to. */
const HELPS = /^(?:help|helps|call|tell|ask|contact|gives?|give|do|does|can|may|must|should|will|has|have|is|are|was|gets?|need|needs|know|knows|turn|inform|ring|phone|reach|talk|speak|hilft|kann|darf|muss|gibt|ist|sind|anrufen|fragen|melden|peut|doit|est|sont|dois|appeler|contacter|prevenir|aide)$/;
const BETTER = /\b(?:better|best|worse|worst|cheaper|cheapest|faster|fastest|safer|safest|recommend\w*|prefer\w*|compar\w*|versus|opinion|favourite|besser\w*|beste\w*|schneller|billiger|sicherer|empf\w*|vergleich\w*|mieux|meilleure?s?|comparer|recommand\w*)\b/g;
const TIMES = /\b(?:next|last|past) (?:year|month|week|quarter|time|training|update)\b|\b(?:nachste\w*|letzte\w*) (?:jahr|monat|woche)\w*|\b(?:annee|mois|semaine) (?:prochaine?|derniere?)\b|\b(?:planned|plans? to|planning|roadmap|in future|geplant|prevu)\b/g;

/** Between the question word and its relative pronoun. */
const MOST_BETWEEN = 5;

/** Each as a word or two, folded. */
export function focusOf(question: string): readonly string[] {
  const text = folded(question);
  const words = text.match(/[\p{L}\p{N}]+(?:[-'][\p{L}\p{N}]+)*/gu) ?? [];
  const focus = new Set<string>();
  words.forEach((word, at) => {
    const next = words.slice(at + 1);
    if (/^(?:which|what|welche[rsnm]?|quels?|quelles?)$/.test(word)) addNoun(focus, next, 3);
    else if ((word === 'how' && next[0] === 'many') || (word === 'wie' && /^viele?$/.test(next[0] ?? ''))) addNoun(focus, next.slice(1), 3);
    else if (/^wieviele?$/.test(word) || (word === 'combien' && next[0] === 'de')) addNoun(focus, word === 'combien' ? next.slice(1) : next, 3);
    else if (/^(?:who|wer|qui)$/.test(word)) {
      addVerb(focus, next);
      // Who is the company that installed it?
      const relative = next.slice(0, MOST_BETWEEN).findIndex((each) => /^(?:that|who|which|qui)$/.test(each));
      if (relative >= 0) addVerb(focus, next.slice(relative + 1));
    }
  });
  for (const [found] of [...text.matchAll(BETTER), ...text.matchAll(TIMES)]) focus.add(found);
  return [...focus];
}

/** The first noun after the question word, where one follows at once. */
function addNoun(focus: Set<string>, words: readonly string[], most: number): void {
  if (words[0] === undefined || VERBS.test(words[0])) return;
  const noun = words.slice(0, most).find((word) => !STOP_WORDS.has(word) && !VERBS.test(word) && word.length > 2);
  if (noun !== undefined) focus.add(noun);
}

/** What somebody does, or did: after helpers, and not what one asks of whoever helps. */
function addVerb(focus: Set<string>, words: readonly string[]): void {
  const verb = words.slice(0, 3).find((word) => !STOP_WORDS.has(word));
  if (verb !== undefined && !HELPS.test(verb) && !words.slice(0, 2).some((word) => /^(?:do|can|may|must|should|shall|to|dois|doit|puis|muss|soll|kann|darf)$/.test(word))) focus.add(verb);
}
