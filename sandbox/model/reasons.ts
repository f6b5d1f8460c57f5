/** Finds the reason that a person gave, as a contiguous part of their own words; nothing is ever worded here. */
import { findAction } from './intents.ts';
import { tokenise } from './tokenise.ts';
import { POLITE } from './words.ts';

export interface ExtractedReason {
  readonly reason?: string;
  /** The message with the reason blanked, so that places in it stay true. */
  readonly rest: string;
}

/** What introduces a reason, strongest first. The first group is the marker, the second the reason. */
const MARKERS: readonly RegExp[] = [
  /((?:^|[^\p{L}])(?:the\s+)?reason(?:\s*[:=–—-]\s*|\s+(?:is|being)\s+|\s+)(?:that\s+)?)(.+)$/isu,
  /((?:^|[\s,(])(?:because of|due to|owing to|on account of|on grounds of|on suspicion of|in response to|because|cuz|coz|bc)\s+)(.+)$/isu,
  /((?:^|[\s,])(?:since|as|given that|now that|seeing that|cause)\s+)((?:he|she|they|it|we|i|there|her|his|their|my|our|the|someone|somebody)(?:['’]s|['’]re|['’]ve|['’]m)?\s.+)$/isu,
  /([,(?.;]\s*(?:see |per )?)((?:ticket |incident |case )?(?:INC|RITM|REQ|CHG|PRB)\d{3,})\)?[\s.]*$/isu,
  /(\s\()([^()]{3,})\)/su,
  /(\s[-–—]{1,2}\s)(.+)$/su,
  /(\sfor\s)((?:\p{L}+\s){0,2}(?:phishing|fraud|malware|ransomware|theft|abuse|misconduct|spam(?:ming)?|investigation|compromise|security|audit|offboarding|termination|reasons?)\b.*)$/isu,
  /((?:^|[\s,])(?:after|following)\s+)((?:a|an|the|he|she|they|his|her|their|my|being|losing|reports?|several|many|repeated|suspected)\s.+)$/isu,
];

export function extractReason(text: string): ExtractedReason {
  for (const marker of MARKERS) {
    const match = marker.exec(text);
    const found = match?.[2];
    if (match === null || found === undefined || match[1] === undefined) continue;
    const start = match.index + match[1].length;
    const reason = trimReason(found.slice(0, endOfReason(found)));
    if (reason.length < 2) continue;
    const blankTo = start + found.slice(0, endOfReason(found)).length;
    return { reason, rest: `${text.slice(0, match.index)},${' '.repeat(blankTo - match.index - 1)}${text.slice(blankTo)}` };
  }
  return { rest: text };
}

/** A reason ends where the next sentence or the next request begins. */
function endOfReason(reason: string): number {
  for (const boundary of reason.matchAll(/[.!?;](?:\s|$)|,\s|\s(?:and|then|so)\s|\s(?=(?:please|pls|kindly)\s)/giu)) {
    const after = reason.slice(boundary.index + boundary[0].length);
    if (/^[.!?;]/u.test(boundary[0]) || startsRequest(after)) return boundary.index;
  }
  return reason.length;
}

function startsRequest(text: string): boolean {
  const tokens = tokenise(text).filter((token) => token.kind === 'word');
  let index = 0;
  while (POLITE.has(tokens[index]?.lower ?? '')) index += 1;
  const action = findAction(tokens.slice(index));
  return action?.from === 0;
}

/** Without the politeness and punctuation around it. */
export function trimReason(reason: string): string {
  return reason
    .trim()
    .replace(/^(?:please|pls|and|so|,)\s+/iu, '')
    .replace(/[\s,;]*(?:please|pls|plz|thanks|thank you|asap)[\s.!,]*$/iu, '')
    .replace(/^[\s,;:–—-]+|[\s,;:.!–—-]+$/gu, '');
}

/** When no reason was given: the longest part of the message without a handle in it, cut at a word. */
export function fragment(text: string, maxLength: number): string {
  const parts = text.split(/\{?[a-z]+_[a-z2-7]{6,}\}?/u).map((part) => part.trim()).filter((part) => part !== '');
  const longest = parts.sort((left, right) => right.length - left.length)[0] ?? text.trim();
  return cut(longest, maxLength);
}

export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const head = text.slice(0, maxLength);
  if (text[maxLength] === ' ') return head.trimEnd();
  const space = head.lastIndexOf(' ');
  return (space > maxLength / 2 ? head.slice(0, space) : head).replace(/[\uD800-\uDBFF]$/u, '').trimEnd();
}
