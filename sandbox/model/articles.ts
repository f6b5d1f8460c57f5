/**
 * Which messages go to a tool that answers questions from articles, where a tool list holds one: questions about how
 * something works or is done, trouble that somebody tells of, and talk that no other tool is for. What asks for an
 * action or for facts is planned before, from the other tools alone, as if this one were not there.
 */
import { plain } from './lexicon.ts';
import type { Plan } from './plan.ts';
import { LISTED } from './requests.ts';
import { tokenise } from './tokenise.ts';
import type { Tool } from './tools.ts';
import { COMMANDS, POLITE, READ, VERBS } from './words.ts';

/** Folded, in three languages. Questions that ask how something is done or whether it may be. */
const HOW: readonly RegExp[] = [
  /^(?:may|must|should|shall) (?:i|we)\b|^can (?:i|we) (?!see\b|have\b|get\b)|^(?:am i|are we|is it|is one) (?:allowed|permitted|possible|ok|okay|required)\b|^do (?:i|we) (?:need|have) to\b/u,
  /^how (?:do|can|should|to|long|often|soon|much)\b|^what (?:if|to do)\b|^what (?:do|should|must) (?:i|we) do\b|^why (?:do|does|must|should|can't)\b/u,
  /\b(?:know|explain|tell me|understand|remember|wissen|weiss nicht|sais pas) (?:how (?:to|i|we)|wie (?:ich|man|wir)|comment)\b/u,
  /^(?:wie (?!viele?\b)|was (?:tun|nun|mache|machen|muss|soll|sollen|passiert|ist zu tun|bedeutet|ist ein)|darf|durfen|kann (?:ich|man)|konnen wir|muss (?:ich|man)|mussen wir|soll(?:te)? ich|brauche ich|wo (?:finde|bekomme|kann|melde|gibt|bestelle)|warum|wieso|weshalb|wann|an wen|bei wem|ist es (?:erlaubt|moglich))\b/u,
  /^(?:comment|que (?:faire|dois-je|se passe)|qu'est-ce que je (?:fais|dois)|puis-je|peut-on|dois-je|doit-on|faut-il|ai-je le droit|est-ce que (?:je|on|nous) (?:peux|peut|dois|doit|pouvons)|ou (?:puis-je|trouver|dois-je|est)|pourquoi|quand|a qui|combien de temps|est-il (?:possible|permis))\b/u,
];
const TROUBLE: readonly RegExp[] = [
  /\b(?:doesn't|does not|don't|do not|didn't|won't|will not|can't|cannot|can not|isn't|is not|aren't|not working|no longer|nothing (?:happens|works)|nobody can|no (?:sound|audio|picture|image|signal|connection|internet|network|wi-?fi|power|reaction|access)|blu ?screen|blu screen|black screen|broken|crash\w*|fre[ez]+\w*|frozen|hangs?|slow|errors?|flicker\w*|stuck|stays (?:black|dark|off)|keeps \w+ing|lost|stolen|dead|fails?|failed|stopped|disappeared|gone|expired|forgot|forgotten|spilled|cracked|damaged|noisy|beeps?|overheat\w*|asks? (?:me )?for|wants an?|says? that|suspicious|phishing|virus|hacked|trouble)\b/u,
  /\b(?:nicht|kein\w*|kaputt|defekt|langsam|sturzt|abgesturzt|eingefroren|hangt|fehler\w*|schwarz\w*|flackert|gestohlen|geklaut|verloren|vergessen|abgelaufen|gesperrt|verschwunden|verdachtig\w*)\b/u,
  /\b(?:ne|n'\w+|pas|plus|plante|bloque|fige|lent|lente|erreur|noir|casse|vole|perdu|oublie|expire|panne|disparu|suspect)\b/u,
];
/** Neither "what about her" nor "who is the second one". */
const IN_GENERAL = /^(?:who|where|what|when|why) (?!about\b|(?:is|are) (?:the )?(?:first|second|third|last|other)\b).*\?\s*$/u;
const SOMEBODY = /\b(?:he|she|they|him|her|his|their|them)\b|[a-z]+_[a-z2-7]{6,}/u;
/** Asks for something besides telling of the trouble. */
const ASKS = /\b(?:show|list|display|find|check|tell|give|get|look|search|which|who|whose|what|how many)\b|\?/u;
/** Orders and questions of fact in a language that the other tools' table does not have: no article answers them. */
const FACTS = /^(?:bitte |s'il vous plait )?(?:zeige?n?|liste|suche?|finde|sperre?|entsperre?|losche?|setze?|gib|schicke?|erstelle?|montre\w*|affiche\w*|liste[rz]?|cherche\w*|bloque\w*|debloque\w*|supprime\w*|verrouille\w*|donne\w*)\b|^(?:wie viele|combien d)\b.*\b(?:hat|haben|habe|a|ai|avons|ont|possede)\b|^wer ist\b|^qui est\b/u;
const ABOUT_SOMEBODY = /^what (?:else )?can (?:i|we|you) (?:do|change|see)(?: (?:for|with|about) \p{Lu}.*| (?:for|with|about) \{.*|[\s?.!]*)$/iu;
const ABOUT_THE_MODEL = /^(?:who|what) are you\b|^are you\b|^how are you\b|^what (?:can|do) you\b|^(?:do|would) you\b|^(?:wer bist|was kannst|bist) du\b|^wer sind sie\b|^(?:qui|que) (?:es|peux)-tu\b|^qui etes-vous\b/u;

const MAX_READ = 4000;

/** The plan for a message, turned to the articles where they are the place to look. */
export function orArticles(plan: Plan, text: string, tools: readonly Tool[]): Plan {
  const tool = tools.find(({ question }) => question !== undefined);
  if (tool === undefined || !isForArticles(plan, text)) return plan;
  return { kind: 'wants', partly: false, wants: [{ tool, reason: text, text: text.trim() }] };
}

function isForArticles(plan: Plan, text: string): boolean {
  const folded = plain(text.slice(0, MAX_READ)).trim().replace(/^(?:(?:hi|hello|hey|hallo|bonjour|salut|please|so|and|but|ok|okay)[\s,!.]+)*/u, '');
  if (!/\p{L}/u.test(folded) || ABOUT_THE_MODEL.test(folded) || ABOUT_SOMEBODY.test(text.trim())) return false;
  const isHow = HOW.some((pattern) => pattern.test(folded));
  // "My laptop shows a blue screen" looks like a wish to see the laptop; "she can't sign in" is about her.
  if (plan.kind === 'wants') return !SOMEBODY.test(folded) && plan.wants.every(({ tool, target }) => tool.action === READ && !LISTED.has(tool.name) && !(target !== undefined && 'name' in target)) && (isHow || isTrouble(folded));
  switch (plan.talk) {
    case 'off-topic':
      return isHow || !FACTS.test(folded);
    case 'unsupported':
    case 'declined':
    case 'who':
    case 'which':
    case 'more':
      return isHow || isTrouble(folded) || IN_GENERAL.test(folded);
    case 'greeting':
    case 'thanks':
    case 'cancelled':
    case 'confirm':
      return false;
  }
}

/** Says what is wrong, and asks for nothing. */
function isTrouble(folded: string): boolean {
  const first = tokenise(folded).find((token) => token.kind === 'word' && !POLITE.has(token.lower));
  if (first === undefined || VERBS.has(first.stem) || COMMANDS.has(first.stem)) return false;
  return !ASKS.test(folded) && !/^(?:do not|don't|never)\b/u.test(folded) && TROUBLE.some((pattern) => pattern.test(folded));
}
