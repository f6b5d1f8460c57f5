import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../audit/events.ts';
import { looksSecret } from '../audit/secret-shapes.ts';
import type { Records } from '../audit/story.ts';
import { errorCode } from '../errors.ts';
import { proposedIn } from '../knowledge/answer.ts';
import { audiences } from '../knowledge/article.ts';
import { INDEX_FILE, readIndex, VECTORS_FILE, type LoadedIndex } from '../knowledge/index-file.ts';
import { sayable } from '../knowledge/library.ts';
import { replay, type KeptAnswer } from '../knowledge/replay.ts';
import { Search } from '../knowledge/search.ts';
import { thresholdsFor } from '../knowledge/thresholds.ts';
import { counted } from './audit-verify.ts';
import { lineOf, row } from './audit-text.ts';

/** Answers that a copy tells of, made again on the index of their time, which lies beside the checkpoints. */

type AnswerEntry = Entry & { readonly event: Extract<Entry['event'], { kind: 'answer' }> };

const isAnswer = (entry: Entry): entry is AnswerEntry => entry.event.kind === 'answer';
const short = (digest: string): string => lineOf(digest).slice(0, 8);

/** A block of lines for each answer. `holds` is false where one rests on what its index does not have, or comes out otherwise. */
export function answersAgain(entries: readonly Entry[], records: Records, directory: string): { readonly text: readonly string[]; readonly holds: boolean } {
  const told = entries.filter(isAnswer).map((entry) => answerAgain(entry, records, directory));
  return { text: told.map(({ lines }) => lines.join('\n')), holds: told.every(({ holds }) => holds) };
}

function answerAgain(entry: AnswerEntry, records: Records, directory: string): { readonly lines: readonly string[]; readonly holds: boolean } {
  const { event } = entry;
  const head = row('', `Answer ${lineOf(entry.id)}, from the index ${lineOf(event.index)}`, 0);
  const loaded = indexIn(directory, event.index);
  if (loaded === 'missing') return { lines: [head, row('', 'That index is not in this copy, so nothing about it can be checked.', 2)], holds: false };
  if (loaded === 'another') return { lines: [head, row('', 'What lies there IS NOT THAT INDEX: its digest is another one.', 2)], holds: false };
  const search = new Search(loaded);
  const sourceOf = (hash: string): string => {
    const found = search.passage(hash);
    if (found === undefined) return 'which IS NOT in that index';
    const { owner, review, title } = found.article;
    return `“${lineOf(title)}”${found.passage.heading === '' ? '' : `, ${lineOf(found.passage.heading)}`}; owned by ${lineOf(owner.name)}, reviewed ${lineOf(review?.reviewed ?? '')} by ${lineOf(review?.reviewer ?? '')}`;
  };
  const kept = event.kept.map(({ agreement, digest, hash, overlap, verbatim }) => row('', `said     ${short(digest)} ${verbatim ? 'quotes' : `rests (words ${overlap.toFixed(2)}, meaning ${agreement.toFixed(2)}) on`} passage ${short(hash)} of ${sourceOf(hash)}`, 2));
  const dropped = event.dropped.map(({ digest, reason }) => row('', `dropped  ${short(digest)}: ${lineOf(reason)}`, 2));
  const found = event.passages.map(({ hash, lexical, score, similarity }) => row('', `found    ${short(hash)} (likeness ${similarity.toFixed(3)}, words ${lexical.toFixed(2)}, together ${score.toFixed(4)}): ${sourceOf(hash)}`, 2));
  const isThere = [...event.kept, ...event.passages].every(({ hash }) => search.passage(hash) !== undefined);
  const outcome = outcomeOf(entry, records, search, loaded.index.model);
  return { lines: [head, ...kept, ...dropped, ...found, row('', outcome.line, 2)], holds: isThere && outcome.holds };
}

/** Searching and judging once more, for whom the question can be opened. */
function outcomeOf(entry: AnswerEntry, records: Records, search: Search, model: string): { readonly line: string; readonly holds: boolean } {
  const { event } = entry;
  const given = records.partsOf(entry).find(({ as }) => as === 'requester')?.facts.arguments;
  const kept = given && keptOf(given, event);
  if (kept === undefined) return { line: 'The question is sealed or erased, so it can’t be asked again; the passages above are those of that index.', holds: true };
  try {
    const may = sayable(new Set(audiences.filter((audience) => event.hears.includes(audience))), event.day, looksSecret);
    const { isFoundAgain, isKeptAgain } = replay(kept, search, may, { thresholds: thresholdsFor(model) });
    if (isFoundAgain && isKeptAgain) return { line: `Asked again (“${lineOf(kept.question)}”): the same passages, the same scores, and ${event.kept.length === 0 ? 'nothing else to say' : `${counted(event.kept.length, 'sentence')} let through as then`}.`, holds: true };
    return { line: `Asked again (“${lineOf(kept.question)}”), it DOES NOT COME OUT THE SAME: ${isFoundAgain ? 'a sentence that was said would be dropped' : 'other passages or scores'}. Were Steward’s thresholds others then? The digest “knowledge” below tells.`, holds: false };
  } catch (error) {
    if (errorCode(error) !== 'CONFIGURATION_INVALID') throw error;
    return { line: 'This version has no thresholds for the embedding model of that index, so it can’t be asked again.', holds: false };
  }
}

/** Undefined for what is not as it was written. */
function keptOf(given: Readonly<Record<string, string>>, { kept, passages }: AnswerEntry['event']): KeptAnswer | undefined {
  const { question, sentences, vector } = given;
  const proposed = sentences === undefined ? undefined : proposedIn(sentences);
  return question === undefined || vector === undefined || proposed === undefined ? undefined : { question, vector: Int8Array.from(Buffer.from(vector, 'base64url')), proposed, passages, kept };
}

function indexIn(directory: string, digest: string): LoadedIndex | 'missing' | 'another' {
  // A record may have been written by anybody, and this becomes a path.
  if (!/^[0-9a-f]{64}$/.test(digest)) return 'missing';
  const at = (file: string): string => join(directory, 'anchors', 'knowledge', digest, file);
  if (!existsSync(at(INDEX_FILE)) || !existsSync(at(VECTORS_FILE))) return 'missing';
  try {
    const loaded = readIndex({ index: readFileSync(at(INDEX_FILE)), vectors: readFileSync(at(VECTORS_FILE)) });
    return loaded.digest === digest ? loaded : 'another';
  } catch (error) {
    if (errorCode(error) !== 'KNOWLEDGE_UNTRUSTED') throw error;
    return 'another';
  }
}
