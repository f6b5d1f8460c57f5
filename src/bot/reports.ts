import { createHash, randomUUID } from 'node:crypto';
import type { TurnContext } from 'botbuilder';
import { z } from 'zod/v4';
import type { Catalogue } from '../actions/catalogue.ts';
import { stepDigest, type Step } from '../actions/plan.ts';
import type { Ledger } from '../audit/ledger.ts';
import type { DigestKey } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { errorCode, StewardError, type StewardErrorCode } from '../errors.ts';
import type { Place } from '../guard/approval.ts';
import type { Executor } from '../guard/execute.ts';
import type { Gate } from '../guard/gate.ts';
import type { KillSwitch } from '../guard/kill-switch.ts';
import type { PersonFacts } from '../guard/ports.ts';
import { restoreStep, storeStep } from '../guard/stored-step.ts';
import type { StewardAdapter } from './adapter.ts';
import { cardReference } from './desk.ts';
import type { FileOffer, FileOfferStore, FilePlace } from './ports.ts';
import { estimatedBytes, reportFile, rowsOf } from './report-file.ts';
import { inertName, type Speaker } from './say.ts';
import { tell } from './tell.ts';
import { actionTitle, en } from './wording/en.ts';

/** The invoke that Teams sends when somebody accepts or declines a file. */
export const FILE_CONSENT = 'fileConsent/invoke';

const reference = z.object({ reference: z.string().regex(/^[\w-]{16,64}$/) });
const address = z.string().max(4_000);
const consent = z.discriminatedUnion('action', [
  z.object({ action: z.literal('decline'), context: reference }),
  z.object({
    action: z.literal('accept'),
    context: reference,
    uploadInfo: z.object({ contentUrl: address, uploadUrl: address, name: z.string().min(1).max(300), uniqueId: z.string().regex(/^[\w{}-]{1,100}$/), fileType: z.string().regex(/^[a-z0-9]{1,10}$/i) }),
  }),
]);
type UploadInfo = Extract<z.infer<typeof consent>, { action: 'accept' }>['uploadInfo'];

export interface ReportsDependencies {
  readonly adapter: StewardAdapter;
  readonly speaker: Speaker;
  readonly offers: FileOfferStore;
  readonly files: FilePlace;
  readonly catalogue: Catalogue;
  readonly gate: Gate;
  readonly executor: Executor;
  readonly killSwitch: KillSwitch;
  readonly ledger: Ledger;
  readonly digestKey: DigestKey;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** What a person answered to an offer. */
export interface FileAnswer {
  readonly person: PersonFacts;
  readonly place: Place;
  /** The message in which they were asked, where the activity names it. */
  readonly activityId?: string | undefined;
  readonly value: unknown;
}

/**
 * Reports as files. Between the offer and its acceptance nothing of the report is kept: it is read again, through gate and
 * executor, when the person wants it.
 */
export class Reports {
  readonly #with: ReportsDependencies;

  constructor(dependencies: ReportsDependencies) {
    this.#with = dependencies;
  }

  /** Offers what a report read as a file, below its card. Nothing is offered in a group, or while nothing may be changed. */
  async offer(context: TurnContext, person: PersonFacts, place: Place, turn: string, step: Step, result: Readonly<Record<string, unknown>>): Promise<void> {
    const { clock, killSwitch, offers, onError, speaker } = this.#with;
    const { action } = step;
    if (action.report === undefined || place.conversationType !== 'personal') return;
    const { length } = rowsOf(action, result);
    if (length === 0) return;
    try {
      const { level } = await killSwitch.read();
      if (level !== 'full') return;
      const offered = cardReference();
      const activityId = await speaker.offerFile(context, {
        name: speaker.words(en.files.name(actionTitle(action.name), clock.now().toISOString().slice(0, 10))),
        description: speaker.words(en.files.offer(length)),
        summary: speaker.words(en.files.summary),
        sizeInBytes: estimatedBytes(length),
        reference: offered,
      });
      if (activityId === '') return;
      const offer = { reference: offered, requester: person.id, place, activityId, step: storeStep(step, []) };
      await offers.add(offer);
      await this.#record(offer, person, turn, 'offered');
    } catch (error) {
      // The report itself was shown; who presses a card that was not stored is told that it is no longer on offer.
      onError(error);
    }
  }

  /** Does what a person answered, and says what came of it. Never fails. */
  async answer({ activityId, person, place, value }: FileAnswer): Promise<void> {
    const { files, offers, onError } = this.#with;
    try {
      const answered = consent.safeParse(value);
      if (!answered.success || place.conversationType !== 'personal') return await this.#say(place, en.files.gone);
      const { data } = answered;
      if (data.action === 'accept' && ![data.uploadInfo.uploadUrl, data.uploadInfo.contentUrl].every((url) => files.isItsAddress(url))) {
        return await this.#say(place, en.files.elsewhere + (await this.#refused(person, 'SYSTEM_REFUSED', 'a file was to be put off the OneDrive host')));
      }
      const offer = await offers.take(data.context.reference, { requester: person.id, conversationId: place.conversationId, ...(activityId !== undefined && { activityId }) });
      if (offer === undefined) return await this.#say(place, en.files.gone);
      // Answered once: what stays would invite a second click.
      await this.#with.adapter.at(place, (context) => this.#with.speaker.remove(context, offer.activityId)).catch(() => undefined);
      if (data.action === 'accept') return await this.#put(offer, person, data.uploadInfo);
      await this.#record(offer, person, '', 'declined');
      await this.#say(place, en.files.declined);
    } catch (error) {
      onError(error);
      const code = errorCode(error);
      await this.#say(place, en.errors[code] + (await this.#refused(person, code, 'the file of a report'))).catch(onError);
    }
  }

  async #put(offer: FileOffer, person: PersonFacts, { contentUrl, fileType, name, uniqueId, uploadUrl }: UploadInfo): Promise<void> {
    const { adapter, files, killSwitch, speaker } = this.#with;
    const turn = randomUUID();
    // A file in somebody's OneDrive is a change, if theirs.
    const about = { actions: [offer.step.action], people: [person.id], conversation: offer.place.conversationId, effect: true };
    if ((await killSwitch.assertAlive(about)).level !== 'full') return this.#say(offer.place, en.files.notNow);
    const file = await this.#read(offer, person, turn);
    const written = { bytes: file.byteLength, digest: createHash('sha256').update(file).digest('hex') };
    // INVARIANT: no effect without a ledger record written before it.
    await this.#record(offer, person, turn, 'intended', written);
    const guarded = killSwitch.guardCall(about);
    try {
      // Read again: reading and recording took time.
      if ((await killSwitch.assertAlive(about)).level !== 'full') throw new StewardError('KILLED', 'the latch changed before the upload');
      await files.put(uploadUrl, file, { signal: guarded.signal });
    } catch (error) {
      const code = errorCode(error);
      const isUnknown = code === 'SYSTEM_OUTCOME_UNKNOWN';
      this.#with.onError(error);
      await this.#record(offer, person, turn, isUnknown ? 'unknown' : 'failed', { ...written, code }).catch(this.#with.onError);
      return await this.#say(offer.place, isUnknown ? en.files.unknown : code === 'KILLED' || code === 'LATCH_UNREADABLE' ? en.errors[code] : en.files.failed);
    } finally {
      guarded.done();
    }
    await this.#record(offer, person, turn, 'put', written).catch(this.#with.onError);
    const shown = { name: speaker.words(inertName(name)), summary: speaker.words(en.files.summary), contentUrl, uniqueId, fileType };
    await adapter.at(offer.place, (context) => speaker.showFile(context, shown));
  }

  /** The report as it is now, if the person may still have it. */
  async #read(offer: FileOffer, person: PersonFacts, turn: string): Promise<Uint8Array> {
    const { catalogue, executor, gate, ledger } = this.#with;
    const restored = restoreStep(offer.step, catalogue);
    const step: Step = { callId: 'file', proposed: {}, provenance: {}, ...restored };
    const decided = await gate.decidePlan({ steps: [step], digest: offer.step.digest }, { turn, requester: person, personal: true, untrusted: false, conversation: offer.place.conversationId }, (each, decision) => {
      void ledger.record({ kind: 'decision', turn, step: stepDigest(each), action: each.action.name, decision: decision.kind, policies: decision.policies }).catch(() => undefined);
    });
    if (decided.kind === 'refused') throw new StewardError(decided.code, 'the report may not be read any more');
    const [first] = decided.run;
    // What takes a card now was permitted without one when it was offered.
    if (first === undefined) throw new StewardError('APPROVAL_STALE', 'the report takes an approval now');
    const receipt = await executor.execute(first.token);
    if (receipt.kind !== 'done') throw new StewardError(receipt.kind === 'observed' ? 'READ_ONLY' : receipt.code, 'the report could not be read again');
    return reportFile(step.action, receipt.result);
  }

  async #say(place: Place, text: string): Promise<void> {
    const { adapter, speaker } = this.#with;
    await adapter.at(place, (context) => tell(speaker, context, text));
  }

  async #record(offer: FileOffer, person: PersonFacts, turn: string, state: 'offered' | 'declined' | 'intended' | 'put' | 'failed' | 'unknown', more: { readonly bytes?: number; readonly digest?: string; readonly code?: StewardErrorCode } = {}): Promise<void> {
    const { digestKey, ledger } = this.#with;
    await ledger.record({ kind: 'file', offer: offer.reference, turn, action: offer.step.action, person: digestKey.digest(person.id.digest()), state, ...more });
  }

  async #refused(person: PersonFacts, code: StewardErrorCode, detail: string): Promise<string> {
    const { digestKey, ledger } = this.#with;
    try {
      return en.reference((await ledger.record({ kind: 'refusal', turn: '', person: digestKey.digest(person.id.digest()), code, details: [detail] })).id);
    } catch {
      // Without a ledger there is no reference to give; the sentence still tells the truth.
      return '';
    }
  }
}
