import { folded } from './words.ts';

/** What kind of answer a question wants, and whether a sentence has one of that kind. A sentence on the right subject that answers another question is no answer. */

interface Kind {
  readonly name: 'money' | 'number' | 'time' | 'somebody' | 'place' | 'reason' | 'extreme';
  /** In a question, folded. */
  readonly asked: RegExp;
  /** In a sentence that could be its answer, folded. */
  readonly given: RegExp;
}

const NUMERAL = String.raw`\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|half|both|one|zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|ein(?:mal|en|e|er)?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|une?)\b`;
const LATER = String.raw`\b(?:immediately|at once|straight away|right away|never|always|day|days|week|weeks|month|months|year|years|hour|hours|minute|minutes|morning|evening|night|monday|tuesday|wednesday|thursday|friday|saturday|sunday|weekend|before|after|until|when|as soon as|sofort|nie|immer|tag\w*|woche\w*|monat\w*|jahr\w*|stunde\w*|minute\w*|abend\w*|morgen|montag\w*|freitag\w*|vor|nach|bis|sobald|jour\w*|semaine\w*|mois|an|ans|annee\w*|heure\w*|immediatement|aussitot|jamais|toujours|avant|apres|jusqu|des que)\b`;
const WHO = String.raw`\b(?:team|desk|helpdesk|manager|managers|owner|owners|leads?|leaders?|chief|boss|host|hosts|technician\w*|line|reception|colleague\w*|staff|security|admin\w*|department|board|assistant|everyone|everybody|nobody|no one|only|person|people|employee\w*|guest\w*|visitor\w*|visitors?|supervisor|facilities|human resources|leitung|abteilung|vorgesetzt\w*|kolleg\w*|empfang|niemand|mitarbeit\w*|equipe|responsable\w*|accueil|service|collegue\w*|personne|salarie\w*)\b`;
const WHERE = String.raw`\b(?:in|at|on|under|from|to|inside|outside|room|building|reception|desk|menu|settings|folder|portal|house|mill|screen|corner|im|am|an|auf|unter|aus|bei|zum|zur|beim|ordner|einstellungen|dans|sur|sous|chez|au|aux|a la|menu|accueil)\b`;
const WHY = String.raw`\b(?:because|so that|since|reason\w*|therefore|means|otherwise|to (?:protect|prevent|keep|avoid|make sure)|weil|da|damit|denn|grund\w*|sonst|um|parce que|car|afin|pour que|pour|sinon|raison\w*)\b`;

const MOST = String.raw`\b(?:the (?:most|least|fewest)|biggest|largest|smallest|longest|shortest|oldest|newest|highest|lowest|heaviest|busiest|(?:gross|klein|lang|kurz|alt|neu|hoch|tief|schwer)(?:t|st)e[nrsm]?|meisten|wenigsten|alteste[nrsm]?|langste[nrsm]?|hochste[nrsm]?|l[ea]s? (?:plus|moins) \p{L}+)\b`;
const LIMIT = String.raw`\b(?:up to|at most|at least|maximum|max|minimum|limit\w*|no more than|not more than|only|hochstens|mindestens|maximal|minimal|bis zu|grenze|au plus|au moins|jusqu|limite\w*)\b`;

const KINDS: readonly Kind[] = [
  { name: 'money', asked: /\b(?:how much (?:does|do|is|are|will|would|money)|what (?:does|do|will|would) .{1,60} cost|costs?|prices?|priced|fees?|expensive|cheap\w*|pay|paid|reimburse\w*|kosten|kostet|preis\w*|bezahl\w*|teuer|gebuhr\w*|cout\w*|coute\w*|prix|payer|paie|cher|tarif\w*|combien (?:coute|ca coute))\b/, given: /\b(?:euros?|eur|francs?|chf|dollars?|usd|pounds?|gbp|free|kostenlos|gratis|gratuit\w*|paid|pays?|charge[ds]?|cost\w*|kost\w*|coute\w*|cout\w*|zahl\w*|budget\w*|zuschuss\w*|allowance)\b|[€$£]/ },
  { name: 'number', asked: /\b(?:how (?:many|big|large|long|much|often|far|old|high|wide|fast|heavy|small|short)|what (?:size|length|resolution|number|percentage|extension|speed)|number of|maximum|minimum|wie (?:viele?|gross|lange?|oft|weit|hoch|schnell|alt)|welche (?:grosse|lange|nummer|auflosung|durchwahl)|combien|quelle (?:taille|duree|longueur|resolution|frequence|extension))\b/, given: new RegExp(`${NUMERAL}|${LATER}|\\b(?:any|every|all|no limit|unlimited|each|alle|jede\\w*|kein\\w*|unbegrenzt|chaque|aucun\\w*|tous|toutes|illimite\\w*)\\b`) },
  { name: 'time', asked: /\b(?:when (?:is|are|does|do|will|would|can|should|must|did)|at what time|what time|what (?:days?|hours)|by when|until when|since when|how soon|how quickly|opening hours|wann|bis wann|seit wann|um wie viel uhr|offnungszeiten|quand|a quelle heure|jusqu'a quand|depuis quand|horaires?)\b/, given: new RegExp(`${NUMERAL}|${LATER}`) },
  { name: 'somebody', asked: /\b(?:who(?:m|se)?|which (?:team|person|people|colleagues?|department)|wer|welche kolleg\w*|quels? collegues?|wem|wen|wessen|qui|quelle equipe)\b/, given: new RegExp(WHO) },
  { name: 'place', asked: /\b(?:where|wo|wohin|woher|ou (?:est|sont|puis|dois|faut|se|trouver|aller)|d'ou)\b/, given: new RegExp(WHERE) },
  { name: 'reason', asked: /\b(?:why|what for|how come|reasons?|warum|wieso|weshalb|pourquoi)\b/, given: new RegExp(WHY) },
  // Which is the biggest: said by a comparison or a limit, not by any sentence on the subject.
  { name: 'extreme', asked: new RegExp(MOST, 'u'), given: new RegExp(`${MOST}|${LIMIT}`, 'u') },
];

/** What a question wants; nothing where anything on its subject may answer it. */
export function askedFor(question: string): readonly Kind['name'][] {
  const text = folded(question);
  const asked = KINDS.filter(({ asked: shape }) => shape.test(text)).map(({ name }) => name);
  // How much something costs is asked for in money, not in any number.
  return asked.includes('money') ? asked.filter((name) => name !== 'number') : asked;
}

/** Whether a sentence has all that a question wants. */
export function supplies(sentence: string, wanted: readonly Kind['name'][]): boolean {
  const text = folded(sentence);
  return wanted.every((name) => KINDS.find((kind) => kind.name === name)?.given.test(text) ?? false);
}
