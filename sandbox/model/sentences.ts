/** Cuts a passage into sentences, each exactly as it stands there; an item of a list is one of its own. */

export interface Sentence {
  readonly text: string;
  /** Stands in a list. */
  readonly item: boolean;
}

/** What ends in a dot without ending a sentence, in English, German and French; letters alone are handled apart. */
const ABBREVIATIONS: ReadonlySet<string> = new Set(
  `e.g i.e etc vs approx no nos dept ext max min incl excl fig tel dr mr mrs ms prof st inc ltd co corp jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri
   z.b d.h u.a o.ä o.ae s.o s.u i.d.r v.a m.e u.u z.t bzw ca evtl ggf inkl exkl zzgl usw vgl nr abs art str std min mio mrd tsd sog bspw geb abt tel hr fr max mind
   p.ex p env art av bd cf mme mlle m etc n° réf tél`.split(/\s+/u),
);
/** `1.`, `2)`, `a)`, `-`, `•`, `[ ]`: not part of what the item says. */
const MARKER = /^\s*(?:[-*•–—·▪◦+]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+(?:\[[ x]\]\s+)?/u;
/** A line that goes on in lower case belongs to the one before it. */
const LINE = /\r?\n(?!\s*\p{Ll}(?!\)))/u;
const ENDING = /[.!?…]+["'”’»)\]]*(?=\s|$)/gu;

export function sentencesOf(text: string): readonly Sentence[] {
  return text.split(LINE).flatMap((line) => {
    const marker = MARKER.exec(line)?.[0];
    const item = marker !== undefined;
    return cutLine(item ? line.slice(marker.length) : line).map((sentence) => ({ text: sentence, item }));
  });
}

function cutLine(line: string): readonly string[] {
  const sentences: string[] = [];
  let from = 0;
  for (const match of line.matchAll(ENDING)) {
    const to = match.index + match[0].length;
    if (!endsHere(line.slice(from, match.index), match[0], line.slice(to))) continue;
    sentences.push(line.slice(from, to).trim());
    from = to;
  }
  sentences.push(line.slice(from).trim());
  return sentences.filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
}

function endsHere(before: string, ending: string, after: string): boolean {
  const next = after.trimStart();
  if (next === '' || /[!?…]/u.test(ending)) return next === '' || !/^\p{Ll}/u.test(next);
  const word = /[\p{L}\p{N}.°]+$/u.exec(before)?.[0] ?? '';
  // "am 3. Mai", "im 1. Stock": an ordinal.
  if (/(?:^|\s)(?:am|im|zum|vom|bis|ab|der|die|das|den|dem|les?|du|au)\s\d{1,2}$/iu.test(before)) return false;
  // "z. B.", "J. Weber", "p. ex."
  if (/^\p{L}$/u.test(word) && !/^\p{Lu}\p{Ll}+ /u.test(next)) return false;
  if (/^\p{L}(?:\.\p{L})+$/u.test(word) || ABBREVIATIONS.has(word.toLowerCase())) return /^(?:etc|usw)$/iu.test(word) && /^\p{Lu}/u.test(next);
  if (/(?:^|\s)(?:z|d|u|i|p)\.\s?(?:b|h|a|d|r|ex)$/iu.test(before)) return false;
  return /^["'“‘«„([]?[\p{Lu}\p{N}\p{Lo}]/u.test(next);
}
