/** The forms in which a value may hide: raw, without dashes, base64 (three alignments), base64url, hex, percent-encoded. */
export function encodings(value: string, shortestBase64 = 12): readonly string[] {
  const forms = new Set([value, value.replaceAll('-', ''), encodeURIComponent(value)]);
  const bytes = Buffer.from(value, 'utf8');
  forms.add(bytes.toString('hex'));
  for (let shift = 0; shift < 3; shift += 1) {
    // The same bytes read differently at each of the three base64 alignments; the first and last characters depend on
    // the neighbours and are cut.
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '');
    const core = encoded.slice(shift === 0 ? 0 : shift + 1, -2);
    if (core.length >= shortestBase64) {
      forms.add(core);
      forms.add(core.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }
  return [...forms].filter((form) => form.length >= 6);
}
