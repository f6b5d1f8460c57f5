import { stemmer as english } from '@orama/stemmers/english';
import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';
import { languages, type Language } from './article.ts';
import { conceptOf } from './concepts.ts';

/** How words are compared: folded, stemmed by the language's Snowball stemmer, and words that mean one thing made one. */

const STEMMERS: Readonly<Record<Language, (word: string) => string>> = { en: english, de: german, fr: french };

/** Words that carry nothing of what a question is about. Folded. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    // English
    'a an the and or but if then else so as at by for from in into of off on onto out over to up with within without about after again against all also am any are because be been before being below between both by can cannot could did do does doing done down during each either ever every few further get gets getting give gives go goes going got had has have having he her here hers him his how i im ive id in into is isnt it its itself just keep know let lets like make makes many may maybe me mine might more most much must my myself need needs neither never no nor not nothing now of off often ok okay on once one ones only or other others our ours out own per perhaps please put quite rather really said same say shall she should since so some someone something soon still such take tell than thank thanks that thats the their theirs them then there theres these they thing things think this those though through till to too try tried trying turn up upon us use used uses using very via want wanted wants was way we well went were what whats when where which while who whom whose why will with work works would wont yes yet you your yours yourself hey hi hello cant dont doesnt didnt anyone anybody everybody everyone somebody nobody anything everything happen happens happened help possible supposed allowed able show mean means right okay hello dear guys quick question long last lasts lasting far soon often big much amount number kind sort exactly properly correctly suddenly stuff bit lot lots find found look looks looking ask asked asking answer say says said told new old first next good best bad wrong problem problems issue issues trouble fix solve need needed want wondering wonder actually exactly anyway currently today tomorrow yesterday ' +
    // German
    'aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin bis bist bitte brauche brauchen da dabei dafur dagegen damit danach dann daran darauf darf darfst durfen das dass davon dazu dein deine dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch dort du durch eigentlich ein eine einem einen einer eines einfach er es etwas euch euer fur gegen geht gehen genau gern gibt habe haben hab hat hatte hallo hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren im in ins ist ja jede jedem jeden jeder jedes jetzt kann kannst kein keine keinen konnen konnte machen mache macht man mehr mein meine meinem meinen meiner mich mir mit moglich muss mussen musst nach nicht nichts noch nun nur ob oder ohne passiert schon sehr sein seine seinem seinen sich sie sind so soll sollen sollte sonst tun uber um und uns unser unsere unter vom von vor wann warum was weil welche welchem welchen welcher welches wem wen wenn wer werde werden wie wieder wieso will wir wird wo woher wohin wollen wurde zu zum zur zwischen bekomme bekommen lassen mal danke hilfe frage lang lange oft viel viele gross neu neue neuen neuer neues problem fehler richtig genau finde finden gefunden sagen sagt wofur worauf woran womit ' +
    // French
    'a ai ainsi alors apres as au aucun aussi autre autres aux avant avec avoir bien bonjour c ca car ce cela ces cet cette ceux chaque chez ci combien comme comment d dans de depuis des deux dois doit doivent donc du elle elles en encore entre es est et etait etais etre eu eux faire fait faut il ils j je jusque l la le les leur leurs lors lui m ma mais me meme merci mes mettre moi mon n ne ni nos notre nous on ont ou oui par pas peu peut peuvent peux plus plusieurs plutot pour pourquoi puis puis-je quand que quel quelle quelles quels qui quoi s sa sans se sera ses si sinon son sont sous sur ta te tes toi ton tous tout toute toutes tres tu un une va vais vers veut veux voici voila vont vos votre vous y aide longtemps souvent temps combien nouveau nouvelle probleme trouver trouve dire besoin svp plait quelqu-un'
  )
    .split(' ')
    .filter((word) => word !== ''),
);

/** Lower case, without accents; umlauts as their base letter however they are written; `ß` as `ss`. */
export function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replace(/[’‘`´]/g, "'");
}

const WORD = /[\p{L}\p{N}]+(?:[.,'’][\p{L}\p{N}]+)*/gu;

/** The words of a text as they stand in it, and where. Parts of hyphenated ones are words of their own. */
export function wordsOf(text: string): readonly string[] {
  return text.normalize('NFKC').match(WORD) ?? [];
}

/** One word of a text as it is compared: any of the forms means it. */
export interface Term {
  /** As it was written, folded. */
  readonly word: string;
  readonly forms: readonly string[];
}

/** How a word as it is written becomes a term; undefined for one that says nothing. */
export type ReadTerm = (written: string, language?: Language) => Term | undefined;

export const termOf: ReadTerm = (written, language) => {
  // d'un, l'ordinateur, what's: what stands before or after the apostrophe is grammar.
  const [word = ''] = folded(written).split("'").filter((part) => part.length > 1 || /\d/.test(part)).sort((one, other) => other.length - one.length);
  return word === '' || STOP_WORDS.has(word) ? undefined : { word, forms: formsOf(word, language) };
};

/** The terms of a text without stop words, one for each word, in order. Unknown language: the forms of all. */
export function termsOf(text: string, language?: Language, read = termOf): readonly Term[] {
  const hyphenated = text.normalize('NFKC').match(/[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)+/gu) ?? [];
  return [
    ...wordsOf(text).flatMap((written) => read(written, language) ?? []),
    // Written apart in one place and together in another: Passwort-Manager, Passwortmanager.
    ...hyphenated.map((compound) => ({ word: folded(compound), forms: formsOf(folded(compound).replaceAll('-', ''), language) })),
  ];
}

/** Every way in which a folded word is compared. */
export function formsOf(word: string, language?: Language): readonly string[] {
  const asked = language === undefined ? languages : [language];
  const stems = asked.flatMap((each) => {
    const stem = stemOf(word, each);
    // ae, oe, ue for umlauts: both ways, since a word like “neue” has them by nature.
    const plain = each === 'de' ? stemOf(word.replace(/([aou])e/g, '$1'), each) : stem;
    return plain === stem ? [stem] : [stem, plain];
  });
  return [...new Set(stems.map((stem) => conceptOf(stem) ?? stem))];
}

export function stemOf(word: string, language: Language): string {
  return /^\p{L}+$/u.test(word) ? STEMMERS[language](word) : word;
}
