import type { Entry, OpenedPart, ReadEvent } from './events.ts';
import type { PersonalFacts } from './sealed.ts';

/** What happened, put together from the records that belong to each other. No record is trusted to have its counterpart. */

type Of<Kind extends ReadEvent['kind']> = Entry & { readonly event: Extract<ReadEvent, { kind: Kind }> };

/** Somebody or something, as far as it may be named. */
export interface Named {
  /** Keyed digest; empty where the record names nobody. */
  readonly digest: string;
  readonly name?: string;
  readonly context: readonly string[];
}

/** How a request or an effect ended, or that it has not. */
export type Ending = 'done' | 'observed' | 'failed' | 'unknown' | 'open' | 'waiting' | 'approved' | 'declined' | 'expired' | 'withdrawn' | 'killed' | 'refused' | 'other';

/** One effect, or one request that led to none. */
export interface Story {
  /** ISO 8601: when the effect began, or the request was made or refused. */
  readonly at: string;
  /** The public name of its record: what `audit why` takes. */
  readonly reference: string;
  readonly action: string;
  readonly version: string;
  readonly target?: Named;
  readonly requester?: Named;
  readonly askedAt?: string;
  readonly reason?: string;
  /** Whose words the reason is, as the card said. */
  readonly reasonFrom?: string;
  /** Who approved or declined, when, and why where declined. */
  readonly decider?: Named & { readonly at: string; readonly declined: boolean; readonly because?: string };
  readonly ending: Ending;
  readonly code?: string;
  readonly policies: readonly string[];
  readonly approval?: string;
  readonly requestIds: readonly string[];
}

/** Everything that was read, and how it hangs together. */
export class Records {
  readonly entries: readonly Entry[];
  readonly #opened: ReadonlyMap<string, OpenedPart>;

  /** `opened` counts only where the record holds a sealed part of that kind and person: names can't be put on other records. */
  constructor(entries: readonly Entry[], opened: readonly OpenedPart[]) {
    this.entries = [...entries].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
    this.#opened = new Map(opened.map((part) => [`${part.record} ${part.index}`, part]));
  }

  /** How many sealed parts there are, and how many of them can be read here. */
  get sealed(): { readonly all: number; readonly opened: number } {
    const all = this.entries.flatMap((entry) => this.#sealedOf(entry));
    return { all: all.length, opened: all.filter(({ facts }) => facts !== undefined).length };
  }

  /** The parts of one record that can be read here, as what they are and about whom. */
  partsOf(entry: Entry): readonly { readonly as: string; readonly person: string; readonly facts: PersonalFacts }[] {
    return this.#sealedOf(entry).flatMap(({ as, facts, person }) => (facts === undefined ? [] : [{ as, person, facts }]));
  }

  #sealedOf(entry: Entry): readonly { readonly as: string; readonly person: string; readonly facts: PersonalFacts | undefined }[] {
    const sealed = 'sealed' in entry.event ? (entry.event.sealed ?? []) : [];
    return sealed.map(({ as, person }, index) => {
      const part = this.#opened.get(`${entry.id} ${index}`);
      return { as, person, facts: part?.as === as && part.person === person ? part.facts : undefined };
    });
  }

  /** Everything that belongs to a record or an approval with this public name, in order; empty where there is none. */
  around(name: string): readonly Entry[] {
    const wanted = name.toUpperCase();
    const found = new Set(this.entries.filter(({ event, id }) => id === wanted || (event.kind === 'approval' && event.approval.toUpperCase() === wanted)));
    const keys = new Set<string>();
    for (let before = -1; before < found.size; ) {
      before = found.size;
      for (const { event } of found) for (const key of keysOf(event)) keys.add(key);
      for (const entry of this.entries) if (keysOf(entry.event).some((key) => keys.has(key))) found.add(entry);
    }
    return this.entries.filter((entry) => found.has(entry));
  }

  /** The start of the instance that wrote a record. */
  startOf({ chain }: Entry): Of<'start'> | undefined {
    return this.entries.find((entry): entry is Of<'start'> => isOf(entry, 'start') && entry.chain === chain);
  }

  /** Somebody, by the name that one of these records has for them. */
  named(digest: string, among: readonly Entry[]): Named {
    const facts = among.flatMap((entry) => this.partsOf(entry)).find((part) => part.person === digest && part.as !== 'target')?.facts;
    return namedBy(digest, facts);
  }

  /** What a step is about, in the words of its plan or its request. */
  #targetFacts(step: string, among: readonly Entry[]): PersonalFacts | undefined {
    const about = among.flatMap((entry) => this.partsOf(entry)).filter(({ as }) => as === 'target');
    const stated = about.filter(({ facts }) => facts.step === step).map(({ facts }) => facts);
    // A request of one step names its target without repeating the step.
    const whole = stated.length > 0 ? stated : about.length === 1 ? about.filter(({ facts }) => facts.step === undefined).map(({ facts }) => facts) : [];
    return whole.length === 0 ? undefined : whole.reduce((one, other) => ({ ...other, ...one }));
  }

  /** The target of what was not carried out: by name, or by digest where everything that is sealed is about one. */
  #targetOf(facts: PersonalFacts | undefined, group: readonly Entry[]): Pick<Story, 'target'> {
    const digests = new Set(group.flatMap((entry) => this.#sealedOf(entry)).filter(({ as }) => as === 'target').map(({ person }) => person));
    const [digest = ''] = digests.size === 1 ? digests : [];
    return facts === undefined && digest === '' ? {} : { target: namedBy(digest, facts) };
  }

  /** Effects, and requests and refusals that led to none, oldest first. `isRead` names actions that change nothing. */
  stories(isRead: (action: string) => boolean): readonly Story[] {
    const groups = this.#groups();
    const stories = groups.flatMap((group) => {
      const intents = group.filter((entry): entry is Of<'intent'> => isOf(entry, 'intent') && !isRead(entry.event.action));
      const begun = new Set(intents.map(({ event }) => event.step));
      const requests = group.filter((entry): entry is Of<'approval'> => isOf(entry, 'approval') && entry.event.state === 'pending');
      const refusals = group.filter((entry): entry is Of<'refusal'> => isOf(entry, 'refusal'));
      const asked = requests.flatMap((request) => (request.event.steps?.length ? request.event.steps : ['']).filter((step) => step === '' || !begun.has(step)).map((step) => this.#ofRequest(request, step, group)));
      const refused = refusals.flatMap((refusal) => this.#ofRefusal(refusal, group, isRead));
      return [...intents.map((intent) => this.#ofIntent(intent, group)), ...asked, ...refused];
    });
    return [...stories, ...this.#holds()].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
  }

  /** Legal holds, which one person sets: no request joins what was asked and what became of it. */
  #holds(): readonly Story[] {
    const holds = this.entries.filter((entry): entry is Of<'records'> => isOf(entry, 'records') && entry.event.change === 'hold');
    return holds.flatMap((asked): Story[] => {
      if (asked.event.state !== 'asked') return [];
      const { by, person } = asked.event;
      const ended = holds.find(({ at, chain, event }) => chain === asked.chain && at >= asked.at && event.state !== 'asked' && event.by === by && event.person === person)?.event.state;
      const reason = this.partsOf(asked).find(({ as }) => as === 'requester')?.facts.reason;
      return [{
        at: asked.at, reference: asked.id, action: 'hold records', version: '', target: namedBy(person, undefined), requester: this.named(by, [asked]), askedAt: asked.at,
        ...(reason !== undefined && { reason }), ending: ended === 'done' ? 'done' : ended === undefined ? 'open' : 'refused', policies: [], requestIds: [],
      }];
    });
  }

  /** Records by what joins them: the turn, the approval, the execution. */
  #groups(): readonly (readonly Entry[])[] {
    const parent = new Map<string, string>();
    const rootOf = (key: string): string => {
      let root = key;
      for (let next = parent.get(root); next !== undefined; next = parent.get(root)) root = next;
      return root;
    };
    for (const { event } of this.entries) {
      const [first, ...rest] = keysOf(event);
      if (first === undefined) continue;
      for (const key of rest) {
        const [one, other] = [rootOf(first), rootOf(key)];
        if (one !== other) parent.set(other, one);
      }
    }
    const groups = new Map<string, Entry[]>();
    for (const entry of this.entries) {
      const [first] = keysOf(entry.event);
      if (first === undefined) continue;
      const root = rootOf(first);
      const group = groups.get(root);
      if (group === undefined) groups.set(root, [entry]);
      else group.push(entry);
    }
    return [...groups.values()];
  }

  #ofIntent(intent: Of<'intent'>, group: readonly Entry[]): Story {
    const { action, execution, policies, requester, step, target, turn, version } = intent.event;
    const outcome = group.find((entry): entry is Of<'outcome'> => isOf(entry, 'outcome') && entry.event.execution === execution)?.event;
    const request = group.find((entry): entry is Of<'approval'> => isOf(entry, 'approval') && entry.event.state === 'pending' && entry.event.approval === turn);
    const facts = this.#targetFacts(step, group);
    return {
      at: intent.at,
      reference: intent.id,
      action,
      version,
      ...(target !== undefined || facts !== undefined ? { target: namedBy(target ?? '', facts) } : {}),
      ...this.#asked(requester, group, step, facts),
      ...(request && this.#decided(request.event.approval, group)),
      ending: outcome === undefined ? 'open' : (ENDINGS.get(outcome.outcome) ?? 'other'),
      ...(outcome?.code !== undefined && { code: outcome.code }),
      policies,
      ...(request && { approval: request.event.approval }),
      requestIds: outcome?.requestIds ?? [],
    };
  }

  #ofRequest(request: Of<'approval'>, step: string, group: readonly Entry[]): Story {
    const { approval, person } = request.event;
    const states = group.filter((entry): entry is Of<'approval'> => isOf(entry, 'approval') && entry.event.approval === approval && STATES.has(entry.event.state));
    const last = states.at(-1)?.event;
    const planned = plannedStep(step, group);
    const facts = step === '' ? undefined : this.#targetFacts(step, group);
    const own = step === '' ? ownChange(approval, group) : undefined;
    return {
      at: request.at,
      reference: request.id,
      action: planned?.action ?? decisionOn(step, group)?.action ?? own?.action ?? (step === '' ? 'a change to Steward itself' : 'an action'),
      version: planned?.version ?? '',
      ...(own === undefined ? this.#targetOf(facts, group) : { target: namedBy(own.person, undefined) }),
      ...this.#asked(person, group, step, facts),
      ...this.#decided(approval, group),
      ending: STATES.get(last?.state ?? 'pending') ?? 'other',
      ...(last?.code !== undefined && { code: last.code }),
      policies: decisionOn(step, group)?.policies ?? [],
      approval,
      requestIds: [],
    };
  }

  /** Refusals of what would have changed something; that a sentence was not understood is no story. */
  #ofRefusal(refusal: Of<'refusal'>, group: readonly Entry[], isRead: (action: string) => boolean): readonly Story[] {
    const steps = group.flatMap((entry) => (isOf(entry, 'plan') ? entry.event.steps : [])).filter(({ action }) => !isRead(action));
    const named = steps.find(({ digest }) => decisionOn(digest, group)?.decision === 'refuse') ?? (group.some((entry) => isOf(entry, 'intent') || isOf(entry, 'approval')) ? undefined : steps[0]);
    if (named === undefined) return [];
    const facts = this.#targetFacts(named.digest, group);
    return [{
      at: refusal.at,
      reference: refusal.id,
      action: named.action,
      version: named.version,
      ...this.#targetOf(facts, group),
      ...this.#asked(refusal.event.person, group, named.digest, facts),
      ending: 'refused',
      code: refusal.event.code,
      policies: decisionOn(named.digest, group)?.policies ?? [],
      requestIds: [],
    }];
  }

  #asked(digest: string, group: readonly Entry[], step: string, facts: PersonalFacts | undefined): Pick<Story, 'requester' | 'askedAt' | 'reason' | 'reasonFrom'> {
    const message = group.find((entry) => isOf(entry, 'message') || (isOf(entry, 'approval') && entry.event.state === 'pending'));
    const given = group.flatMap((entry) => (isOf(entry, 'approval') && entry.event.state === 'pending' ? this.partsOf(entry) : [])).find(({ as }) => as === 'requester')?.facts.reason;
    const reason = facts?.arguments?.['reason'] ?? given;
    const from = plannedStep(step, group)?.provenance?.['reason'];
    return { requester: this.named(digest, group), ...(message && { askedAt: message.at }), ...(reason !== undefined && { reason }), ...(reason !== undefined && from !== undefined && { reasonFrom: from }) };
  }

  #decided(approval: string, group: readonly Entry[]): Pick<Story, 'decider'> {
    const decided = group.find((entry): entry is Of<'approval'> => isOf(entry, 'approval') && entry.event.approval === approval && ['approved', 'denied', 'executing'].includes(entry.event.state) && entry.event.person !== '');
    if (decided === undefined) return {};
    const own = this.partsOf(decided).find(({ as }) => as === 'approver')?.facts;
    return { decider: { ...(own?.name === undefined ? this.named(decided.event.person, group) : namedBy(decided.event.person, own)), at: decided.at, declined: decided.event.state === 'denied', ...(own?.reason !== undefined && { because: own.reason }) } };
  }
}

const ENDINGS: ReadonlyMap<string, Ending> = new Map([['done', 'done'], ['observed', 'observed'], ['failed', 'failed'], ['unknown', 'unknown']]);
const STATES: ReadonlyMap<string, Ending> = new Map([
  ['pending', 'waiting'], ['approved', 'approved'], ['executing', 'approved'], ['succeeded', 'done'], ['failed', 'failed'], ['unknown', 'unknown'],
  ['denied', 'declined'], ['expired', 'expired'], ['withdrawn', 'withdrawn'], ['killed', 'killed'],
]);

export function isOf<Kind extends ReadEvent['kind']>(entry: Entry, kind: Kind): entry is Of<Kind> {
  return entry.event.kind === kind;
}

/** What joins it to others. What an approval led to has the approval's name for its turn. Empty names join nothing. */
function keysOf(event: ReadEvent): readonly string[] {
  const turn = 'turn' in event && event.turn !== undefined && event.turn !== '' ? [`turn ${event.turn}`] : [];
  const approval = 'approval' in event && event.approval !== '' ? [`turn ${event.approval}`] : [];
  const execution = 'execution' in event && event.execution !== '' ? [`execution ${event.execution}`] : [];
  return [...turn, ...approval, ...execution];
}

/** What a request changed about what the ledger says of somebody. */
function ownChange(approval: string, group: readonly Entry[]): { readonly action: string; readonly person: string } | undefined {
  const changed = group.find((entry): entry is Of<'records'> => isOf(entry, 'records') && entry.event.approval === approval)?.event;
  return changed && { action: `${changed.change} records`, person: changed.person };
}

type PlannedStep = Extract<ReadEvent, { kind: 'plan' }>['steps'][number];

function plannedStep(step: string, group: readonly Entry[]): PlannedStep | undefined {
  return group.flatMap((entry) => (isOf(entry, 'plan') ? entry.event.steps : [])).find(({ digest }) => digest === step);
}

function decisionOn(step: string, group: readonly Entry[]): Extract<ReadEvent, { kind: 'decision' }> | undefined {
  return group.find((entry): entry is Of<'decision'> => isOf(entry, 'decision') && entry.event.step === step)?.event;
}

function namedBy(digest: string, facts: PersonalFacts | undefined): Named {
  return { digest, ...(facts?.name !== undefined && { name: facts.name }), context: facts?.context ?? [] };
}
