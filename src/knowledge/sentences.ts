/** How a text falls into sentences. Of our own, and no segmenter of the platform: what was said once must be found again by a later Node. */

/** Behind these a full stop ends no sentence. In lower case. */
const SHORT: ReadonlySet<string> = new Set(
  ('e.g i.e etc vs no nos approx min max incl excl ext dr mr mrs ms prof st fig sect ' +
    'z.b d.h u.a bzw ca ggf inkl exkl evtl nr usw vgl o.ä u.u tel abt str ' +
    'p.ex c.-à-d env ex m mme mlle cf av art réf').split(' '),
);
const END = /[.!?…]+["'”’»)\]]*\s+/g;

/** The sentences of a text, in order, as they stand in it. Each line is at least one. */
export function sentencesOf(text: string): readonly string[] {
  return text.split('\n').flatMap(inLine).filter((sentence) => sentence !== '');
}

function inLine(line: string): readonly string[] {
  const sentences: string[] = [];
  let from = 0;
  for (const { 0: end, index } of line.matchAll(END)) {
    const before = line.slice(from, index);
    const word = /\S*$/.exec(before)?.[0].replace(/^["'“„«([]+/, '').toLowerCase() ?? '';
    const next = line.slice(index + end.length);
    const isShort = end.startsWith('.') && (SHORT.has(word) || /^\p{L}$/u.test(word) || /^\d{1,2}$/.test(word));
    // What goes on in lower case goes on.
    if (isShort || !/^["'“„«([]*[\p{Lu}\d]/u.test(next)) continue;
    sentences.push(line.slice(from, index + end.length).trim());
    from = index + end.length;
  }
  return [...sentences, line.slice(from).trim()];
}
