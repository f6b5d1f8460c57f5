import { HANDLE_IN_TEXT, type HandleBook } from '../actions/handles.ts';

/**
 * What people paste and the model must not see: addresses and user names, GUIDs, phone numbers, serial numbers and
 * asset tags, and anything shaped like a credential. Order matters: the longest shapes come first.
 */
const CONCEALED: readonly RegExp[] = [
  // Credentials: JSON web tokens, storage keys and signatures, private key blocks, long random strings.
  /-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g,
  /\beyJ[\w-]{8,}(?:\.[\w-]+){1,4}/g,
  /\b[A-Za-z0-9+/_~.-]{40,}={0,2}/g,
  // Addresses and user principal names, guests' included (anna_example.com#EXT#@contoso.onmicrosoft.com).
  /[\p{L}\p{N}._%+'#-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu,
  /\b[A-Z][A-Z0-9-]{1,14}\\[\w.-]+/g,
  // GUIDs, with or without dashes.
  /\{?\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b\}?/gi,
  // Phone numbers in international or grouped form.
  /\+\d[\d\s()/.-]{6,}\d/g,
  /\b\d{3,5}[\s/-]\d{3,}[\s/-]?\d{2,}\b/g,
  // Serial numbers and asset tags: capitals and digits mixed. Ticket numbers are public names and stay.
  /\b(?!(?:INC|REQ|RITM|CHG|PRB|TASK|SCTASK|KB)\d+\b)(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9][A-Z0-9-]{5,}\b/g,
];

/**
 * Replaces what the model must not see by `text_…` handles, which find actions accept. Handles typed by the person
 * stay: they resolve only if they are live for this person here.
 */
export function conceal(text: string, handles: HandleBook, nowMs: number): string {
  let concealed = text;
  for (const shape of CONCEALED) {
    concealed = concealed.replace(shape, (found) => {
      HANDLE_IN_TEXT.lastIndex = 0;
      return HANDLE_IN_TEXT.test(found) ? found : handles.mintText(found.trim(), nowMs);
    });
  }
  return concealed;
}
