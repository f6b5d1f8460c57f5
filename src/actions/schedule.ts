/**
 * Words that put a request off to another time, end it by itself, repeat it or make it depend on something. Steward does
 * none of these: a plan that would run at once what was asked for later is refused. English, German and French, as the
 * people who write here do; only the person's own words are looked at, never what the model made of them.
 *
 * Refusing too much costs a sentence, running too soon costs more: `block her Friday` is later although Friday may be a
 * name. A weekday with another name behind it (`Friday Osei`), and months that are names (`April`, `May`) without `in`
 * or a day, are people. What counts on either side: test/vectors/schedule-later.txt and schedule-now.txt.
 */
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday', 'montag', 'dienstag', 'mittwoch', 'donnerstag', 'freitag', 'samstag', 'sonnabend', 'sonntag', 'lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche'];
const WEEKDAY = WEEKDAYS.join('|');
/** As people write them, so that a capital in the next word can be seen. */
const WRITTEN_WEEKDAY = WEEKDAYS.map((day) => `[${day.charAt(0).toUpperCase()}${day.charAt(0)}]${day.slice(1)}`).join('|');
const MONTH = 'january|february|march|april|may|june|july|august|september|october|november|december|januar|jänner|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre';
/** Months that nobody is called. */
const PLAIN_MONTH = 'january|february|july|september|october|november|december|januar|jänner|februar|märz|oktober|dezember|janvier|février|juillet|septembre|octobre|novembre|décembre';
// Not `second`: a second person is asked, and `for a second` is a manner of speaking.
const UNIT = 'seconds|secs|minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?|sekunden?|minuten?|stunden?|std|tage?n?|wochen?|monate?n?|secondes|heures?|jours?|semaines?|mois|ans?';
const NUMBER = "\\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten|fifteen|twenty|thirty|half an|a few|a couple of|an?other|ein(?:e[mnr]?)?|zwei|drei|vier|fünf|sechs|zehn|zwanzig|dreißig|(?:ein paar|einigen|einer halben|einer guten)|une?|deux|trois|quatre|cinq|six|dix|quinze|vingt|trente|quelques";
const AMOUNT = `(?:about |around |another |the next |the |ca\\.? |etwa |die nächsten |nächsten |environ |les )?(?:${NUMBER})(?: more| weiteren?)? ?-?(?:${UNIT}|demi-heure)`;
/** Neither inside a word nor before a possessive: `Friday's laptop` is a laptop. */
const START = String.raw`(?<![\p{L}\p{N}'-])`;
const END = String.raw`(?![\p{L}\p{N}]|['-]\p{L})`;
const CLAUSE_END = String.raw`(?= ?(?:[.!?,;:)]|$|(?:because|since|as|please|bitte|weil|denn|parce|car|and|und|et)${END}))`;

const whole = (inner: string): RegExp => new RegExp(`${START}(?:${inner})${END}`, 'giu');

/** Another day, named. */
const DAYS: readonly RegExp[] = [
  // “tomorrow”, “next week”, “nächsten Montag”, “la semaine prochaine”, wherever it stands
  whole(`tomorrow|(?:next|coming|following) (?:week|weekend|month|quarter|year|${WEEKDAY})|übermorgen|(?:nächste|kommende)[nrsm]? (?:woche|monat|jahr|wochenende|${WEEKDAY})|(?:après-)?demain|(?:semaine|année|mois|week-end|${WEEKDAY}) prochaine?`),
  // “morgen”, and not the greeting or this morning
  /(?<![\p{L}\p{N}'-])(?<!(?:guten?|schönen|heute|gestern|jeden|diesen) )morgen(?! ?!| zusammen| allerseits| steward)(?![\p{L}\p{N}'])/giu,
  // “on Friday”, “by Monday”, “ab Freitag”, “dès lundi”, “over the weekend”
  whole(`(?:on|by|from|until|till|before|after|this|starting|over|during|am|ab|bis|vor|nach|zum|dès|avant|après|à partir de|jusqu'à|ce|le) (?:the |dem |das )?(?:${WEEKDAY}|week-?end|wochenende)`),
  // “block her Friday”, “block her Friday because …”, “Friday: block her”
  new RegExp(`${START}(?:${WEEKDAY})(?: (?:morning|noon|afternoon|evening|night|früh|mittag|nachmittag|abend|matin|midi|soir))*${CLAUSE_END}`, 'giu'),
  // “Friday block her”, and not “Friday Osei lost her phone”
  new RegExp(`^(?:[Pp]lease,? |[Bb]itte )?(?:${WRITTEN_WEEKDAY})${END}(?! \\p{Lu})`, 'gu'),
  // “on 24 December”, “on May 3rd”, “on the 24th”, “am 24.12.”, “le 24 décembre”, “on 2026-12-24”
  whole(`(?:on|by|from|until|till|before|after|starting|am|ab|bis|vor|nach|zum|le|du|dès le|au) (?:the |dem )?(?:\\d{1,2}(?:st|nd|rd|th|er|\\.)?(?: of)? ?(?:${MONTH})|(?:${MONTH}) \\d{1,2}(?:st|nd|rd|th)?|\\d{4}-\\d{2}-\\d{2}|\\d{1,2}[./]\\d{1,2}(?:[./](?:\\d{4}|\\d{2})?)?)`),
  new RegExp(`${START}(?:on|by|from|until|till|before|after|starting) the \\d{1,2}(?:st|nd|rd|th)${CLAUSE_END}`, 'giu'),
  // “in April”, “im Mai”, “en avril”; “from July”, and not “asked for by April Jones”
  whole(`(?:in|im|en|early|late|mid|anfang|mitte|ende|début|fin) (?:${MONTH})|(?:from|by|until|till|before|after|starting|ab|bis|dès|à partir de) (?:${PLAIN_MONTH})`),
];

/** For how long. */
const DURATIONS: readonly RegExp[] = [
  // “for an hour”, “für zwei Tage”, “pendant une semaine”: it would have to be taken back by itself
  whole(`(?:for|für|pendant) ${AMOUNT}`),
];

const LATER: readonly RegExp[] = [
  // “in two hours”, “wait ten minutes”, “in einer Stunde”, “dans 2 heures”, “an hour from now”
  whole(`(?:in|within|after|wait|warte|innerhalb von|nach|dans|d'ici|après|attends|attendez) ${AMOUNT}|(?:${NUMBER}) (?:${UNIT}) (?:from (?:now|today)|later)`),
  // “every Friday”, “each day”, “jeden Tag”, “chaque lundi”
  whole(`(?:every|each|jede[nsr]?|chaque|tous les|toutes les) (?:single )?(?:${UNIT}|${WEEKDAY}|lundis|mardis|mercredis|jeudis|vendredis|samedis|dimanches|morning|evening|night|morgen|abend|matin|soir)|daily|hourly|weekly|monthly|täglich|stündlich|wöchentlich|monatlich`),
  // “at 5pm”, “at 17:00”, “at 6”, “um 17 Uhr”, “à 17 h”, “at midnight”
  whole(`\\d{1,2}(?:[:.]\\d{2})? ?(?:pm|p\\.m|o'clock|uhr)|\\d{1,2}(?:[:.]\\d{2})?am|(?:at|by|from|until|till|after|before|around|um|ab|bis|gegen|vers|avant|après) (?:\\d{1,2}(?::\\d{2})? am|\\d{1,2}:\\d{2}|noon|midnight|mittag|mitternacht|midi|minuit)|à (?:\\d{1,2} ?h(?:eures?)?(?: ?\\d{2})?|midi|minuit)`),
  new RegExp(`${START}(?:at|um) \\d{1,2}${CLAUSE_END}`, 'giu'),
  // “later today”, “tonight”, “after lunch”, “by the end of the day”, “nach Feierabend”, “ce soir”
  whole(`later(?: today| on| this week)?|tonight|overnight|this (?:afternoon|evening)|(?:at|by|before|until|till) (?:the )?(?:end|close|start|beginning) of (?:the |this |her |his |their |my |our )?\\p{L}+|(?:by|at|before) (?:eod|cob|eob|close of business)|(?:after|before|during|outside) (?:lunch|work|(?:office |business |working )?hours|the (?:meeting|call|interview|shift|holidays?))`),
  whole(`heute (?:früh|mittag|nachmittag|abend|nacht)|später|nachher|demnächst|(?:zum )?(?:ende|anfang|mitte) (?:der|des|dieser|dieses|ihrer|seiner|nächster) (?:woche|schicht|arbeitszeit|monats|tages|jahres|quartals|arbeitstages|meetings)|zum (?:wochen|monats|jahres|quartals)ende|nach (?:feierabend|(?:der|dem) (?:arbeit|mittagspause|mittagessen|meeting|besprechung))|ce soir|cette nuit|cet après-midi|plus tard|(?:à la |en )?fin (?:de (?:la )?|du )(?:journée|semaine|mois|matinée|soirée)|après (?:le déjeuner|le travail|la réunion)|dans la (?:soirée|journée|nuit)`),
  // “schedule a block”, “postpone”: it is in the word
  /^(?:(?:please|bitte|can you|could you|kannst du|können sie|peux-tu|pouvez-vous),? )?(?:schedule|postpone|delay|plane|terminiere|programme|planifie)(?![\p{L}\p{N}'])/giu,
  // “if he does not answer”, and not “if possible”, “if you could”, “as if”
  /(?<![\p{L}\p{N}'-])(?<!(?:as|even|what) )if(?! (?:possible|needed|necessary|need be|not already|i'm not mistaken|i remember|i recall|you (?:can|could|would|please|may|don't mind|do not mind|have (?:a|the) (?:moment|minute|time|chance)|get a (?:moment|minute|chance))|that's ok|that is ok|it's ok|it is ok)(?![\p{L}\p{N}])) \p{L}+/giu,
  // “when they return”, and not “when you have a moment”, nor a question
  /(?<![\p{L}\p{N}'-])(?:when|whenever)(?! (?:possible|convenient|you (?:can|could|have|get|find)|is|was|were|do|does|did|will|has|had)(?![\p{L}\p{N}])) \p{L}+/giu,
  // “once he has left”, and not “at once”, “once more”
  /(?<![\p{L}\p{N}'-])(?<!(?:at|all|least|than|only) )once(?! (?:more|again|and|or|but|already|before|a|per|in)(?![\p{L}\p{N}])) \p{L}+/giu,
  // “until he calls”, and not “until further notice”
  /(?<![\p{L}\p{N}'-])(?:until|till)(?! (?:further notice|now|today)(?![\p{L}\p{N}])) \p{L}+/giu,
  /(?<![\p{L}\p{N}'-])(?:unless|as soon as(?! (?:possible|you)(?![\p{L}\p{N}]))|in case(?= \p{L})(?! (?:you|of)(?![\p{L}\p{N}]))|(?:provided|assuming|on condition|as long as)(?: that)? (?:she|he|they|the|nobody|no one|somebody|it|we|i|her|his|their)|after (?:\p{L}+) (?:leaves?|ha(?:s|ve) (?:left|gone|finished|returned)|is (?:gone|done|back)|returns?|finish(?:es)?|calls?|confirms?|repl(?:y|ies)|answers?)(?![\p{L}\p{N}])) ?\p{L}*/giu,
  /(?<![\p{L}\p{N}'-])(?:wenn(?! (?:möglich|nötig|es geht|das geht|du (?:kannst|könntest|magst|zeit|so nett|mal)|sie (?:bitte|können|könnten|möchten|mögen|zeit|so (?:nett|freundlich)))(?![\p{L}\p{N}]))|falls(?! (?:church|möglich|nötig|du|for|into|under|out|apart|asleep|below|within|short)(?![\p{L}\p{N}])) (?:er|sie|es|der|die|das|den|niemand|jemand|keine?r?|nicht|ich|wir|ihre?|seine?|man)(?![\p{L}\p{N}])|sobald(?! (?:möglich|wie möglich|du|es geht)(?![\p{L}\p{N}]))|sofern(?! (?:möglich|nötig)(?![\p{L}\p{N}]))|es sei denn|nachdem|bis(?= (?:er|sie|ich|wir|der|die|das)(?!\p{L}))) ?\p{L}*/giu,
  /(?<![\p{L}\p{N}'-])(?:si (?:elle|ils?|elles|on|je|nous|le|la|les|l'|mon|ma|son|sa|ce|cette|cela|ça|personne|quelqu'un|aucun|jamais)|s'ils?(?! (?:vous|te) pla[iî]t)|quand(?! (?:possible|vous (?:pouvez|aurez|voulez|avez)|tu (?:peux|auras|veux|as))(?![\p{L}\p{N}]))|lorsqu(?:e|')|dès qu(?:e|')(?! ?(?:possible|vous|tu)(?![\p{L}\p{N}]))|à moins qu(?:e|')|au cas où|à condition qu(?:e|')|pourvu qu(?:e|')|jusqu'à ce qu(?:e|')|une fois qu(?:e|')|sauf si) ?\p{L}*/giu,
];

/** The parts of a message that speak of another time or of a condition. What the request itself `states` as an argument is none. */
export function laterPhrases(words: string, states: readonly ('day' | 'duration')[] = []): readonly string[] {
  const plain = asWritten(words);
  const shapes = [...(states.includes('day') ? [] : DAYS), ...(states.includes('duration') ? [] : DURATIONS), ...LATER];
  return shapes.flatMap((shape) => [...plain.matchAll(shape)].map(([phrase]) => phrase.trim()));
}

/** One blank for each white space and none of what can't be seen, so that the patterns know one way to write a thing. */
function asWritten(words: string): string {
  return words.normalize('NFKC').replace(/\p{Cf}/gu, '').replace(/[‘’ʼ]/gu, "'").replace(/[‐‑]/gu, '-').replace(/\s+/gu, ' ').trim();
}
