import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * What was asked for, one testable sentence each. Stories cite the ids in their titles with {@link verifies}; a
 * sentence that no story cites must say in `shownBy` which file or command shows it.
 */
export interface Requirement {
  readonly id: string;
  /** Where it is written: a section of what was asked first, or of the design. */
  readonly source: string;
  readonly sentence: string;
  /** A path in this repository that shows it, for what no conversation can. */
  readonly shownBy?: string;
}

const list = [
  // --- first turn, section 2: two commands ---
  { id: 'start.first-command', source: 'first turn, 2', sentence: '`npm start` and `npm test` each install what is missing, so that each works as the first command in a fresh clone.', shownBy: 'scripts/with-dependencies.mjs' },
  { id: 'start.taken-port', source: 'first turn, 2', sentence: 'A taken port is a clear sentence.' },
  { id: 'start.interrupt', source: 'first turn, 2', sentence: 'Ctrl-C leaves nothing running.' },
  { id: 'start.ready-in-time', source: 'first turn, 2', sentence: 'Ready within 10 s of the install on 2 cores.' },
  { id: 'start.ready-line', source: 'first turn, 2', sentence: '`--headless` prints one JSON line when ready and logs on stderr.' },
  { id: 'start.jwt-always', source: 'first turn, 2', sentence: 'The bot always verifies JWTs.' },
  { id: 'start.signing-proxy', source: 'first turn, 2', sentence: 'Without `--auth` the printed `bot` URL signs each activity with the sandbox\'s channel key.' },
  { id: 'start.auth-tokens', source: 'first turn, 2', sentence: 'With `--auth` it is the bot itself, and `control` mints tokens, good and bad.' },
  { id: 'start.service-url', source: 'first turn, 2', sentence: 'Any loopback `serviceUrl` works.' },
  { id: 'start.model-url', source: 'first turn, 2', sentence: '`--model URL`: any Azure-OpenAI- or OpenAI-compatible endpoint is the reasoner.' },
  { id: 'start.model-loopback', source: 'first turn, 2', sentence: 'A model over plain http is accepted on loopback only.' },
  { id: 'start.model-price', source: 'first turn, 2', sentence: 'A model without a pinned price is priced as the dearest pinned row.', shownBy: 'test/unit' },
  { id: 'journal.fields', source: 'first turn, 2', sentence: 'The journal has time, service, method, path, query, identity, audience, status, body and effect of every request that an emulated service received.' },
  { id: 'journal.masked', source: 'first turn, 2', sentence: 'Secrets are masked in the journal.' },
  { id: 'control.people', source: 'first turn, 2', sentence: '`GET people` lists personas of every role first, two admins, a guest and a foreign-tenant person among them.' },
  { id: 'control.reset', source: 'first turn, 2', sentence: '`POST reset` puts everything back as at the start.' },
  { id: 'control.faults', source: 'first turn, 2', sentence: '`POST faults` upsets an emulated service.' },

  // --- first turn, section 3: the sandbox ---
  { id: 'sandbox.deterministic', source: 'first turn, 3', sentence: 'The company is deterministic from the seed.', shownBy: 'test/unit/sandbox' },
  { id: 'sandbox.wire', source: 'first turn, 3', sentence: 'The emulated services speak the real wire protocols and check audience and identity.', shownBy: 'test/unit/sandbox' },
  { id: 'sandbox.model', source: 'first turn, 3', sentence: 'The sandbox\'s model handles ordinary phrasing: 95 % right on the held-out half, no tool for off-topic ones.', shownBy: 'test/vectors/utterances' },
  { id: 'sandbox.model-honest', source: 'first turn, 3', sentence: 'Its model is no language model and speaks only the wire protocol: it drives the product without knowing its code.' },

  // --- first turn, section 4: the path ---
  { id: 'path.card', source: 'first turn, 4', sentence: 'A request to block a colleague\'s sign-in leads to an Adaptive Card with `Action.Execute`.' },
  { id: 'path.card-reference', source: 'design 5', sentence: 'The card carries a reference, never arguments.' },
  { id: 'path.card-whole', source: 'design 5', sentence: 'What is approved is shown whole: action, person, reason, never truncated.' },
  { id: 'path.provenance', source: 'design 4', sentence: 'The card shows whether a text is the person\'s words or composed by Steward.' },
  { id: 'path.card-updated', source: 'first turn, 4', sentence: 'After the click the card is updated and shows what happened.' },
  { id: 'path.deny', source: 'design 5', sentence: 'A denied request is settled, shown so, and never executed.' },
  { id: 'path.second-decision', source: 'first turn, 4', sentence: 'The step is decided again at the click: what changed since the card counts.' },
  { id: 'path.second-person', source: 'design 5', sentence: 'Where the policy asks for a second person, the requester\'s own click approves nothing.' },
  { id: 'path.robot-identity', source: 'first turn, 4', sentence: 'Execution is under the robot\'s managed identity; no other identity makes an effect, and the robot touches neither storage nor model.' },
  { id: 'path.say-ids', source: 'first turn, 4', sentence: 'No reply and no card shows an internal id of this conversation, whatever the model wrote.' },
  { id: 'path.say-secrets', source: 'first turn, 4', sentence: 'No reply shows a secret shape or a known secret.' },
  { id: 'path.say-links', source: 'first turn, 4', sentence: 'No reply shows a link or image to a host off the list, HTML, or a mention of everyone.' },
  { id: 'path.catalogue', source: 'first turn, 4', sentence: 'The model is offered exactly the reviewed actions of the catalogue.' },
  { id: 'path.handles', source: 'first turn, 4', sentence: 'Things reach the model as handles, and no directory text does.' },
  { id: 'path.prompt-identical', source: 'design 4', sentence: 'The prompt is byte-identical whatever outsiders call themselves.' },
  { id: 'path.ledger', source: 'first turn, 4', sentence: 'The intent is in the ledger before the effect, the outcome after it.' },
  { id: 'path.whole-plan-first', source: 'design 4', sentence: 'All steps of a plan are decided before the first one runs.' },
  { id: 'kill.admin-only', source: 'first turn, 4', sentence: '`kill all` is for admins.' },
  { id: 'kill.at-once', source: 'design 5', sentence: 'After `kill all` nothing is read, nothing acts, no model is called; messages get one plain sentence.' },
  { id: 'kill.pending', source: 'design 5', sentence: 'Pending approvals die with the kill, and stay dead after a revival.' },
  { id: 'kill.in-flight', source: 'design 5', sentence: 'A model call in flight is aborted by the kill and leads to nothing.' },
  { id: 'kill.graph-down', source: 'design 5', sentence: 'Kill works while Graph is down.' },
  { id: 'kill.scopes', source: 'design 5', sentence: 'An admin stops the model, one action, one person or one chat, and nothing else stops.' },
  { id: 'kill.levels', source: 'design 5', sentence: 'An admin lowers Steward to read-only or observe; a kill never raises a level.' },
  { id: 'kill.by-hand', source: 'design 5', sentence: 'Whoever can write storage can stop Steward and never revive it.' },
  { id: 'kill.drill', source: 'design 5', sentence: 'A drill times the deployed latch and changes nothing.' },
  { id: 'kill.persistent', source: 'design 5', sentence: 'The latch is persistent: a restart does not revive.' },
  { id: 'path.durable', source: 'design 5', sentence: 'Approvals, conversations and what was delivered are durable: a restart neither loses nor repeats them.' },
  { id: 'kill.status', source: 'design 5', sentence: '`status` says whether Steward is stopped, also when it is.' },
  { id: 'revive.two-admins', source: 'first turn, 4', sentence: 'Reviving takes two different admins.' },
  { id: 'path.roles', source: 'first turn, 4', sentence: 'Roles come from role-assignable Entra groups: who is in none may not ask for actions on others.' },
  { id: 'path.guest', source: 'design 5', sentence: 'A guest asks for nothing.' },
  { id: 'path.connector-timeout', source: 'first turn, 4', sentence: 'Connector calls have a timeout: a connector that hangs does not hold up the next message for ever.' },
  { id: 'path.connector-no-retry', source: 'first turn, 4', sentence: 'A failed POST to the connector is not repeated blindly.' },
  { id: 'path.entities', source: 'first turn, 4', sentence: 'Entities survive the wire: the AI label stands on model text.' },
  { id: 'path.order', source: 'first turn, 4', sentence: 'Turns in one conversation keep order; another conversation does not wait for them.' },
  { id: 'path.redelivery', source: 'first turn, 4', sentence: 'A redelivered activity acts once.' },
  { id: 'path.slow-model', source: 'first turn, 4', sentence: 'A slow model never holds the HTTP request.' },
  { id: 'path.click-two-seconds', source: 'first turn, 4', sentence: 'A click is answered within two seconds, however slow the system behind it.' },
  { id: 'path.personal', source: 'design 4', sentence: 'Personal chat acts; groups ask: an action asked for in a group gets one sentence that points to the personal chat.' },
  { id: 'path.untrusted', source: 'design 4', sentence: 'A message with quoted or attached text raises run to confirm for that turn.' },
  { id: 'ledger.anchored', source: 'design 1', sentence: 'What a second person decided is vouched for at once, in a signed checkpoint that nobody changes, and a copy of the ledger is checked against it offline.' },
  { id: 'ledger.erased', source: 'ledger', sentence: 'What the ledger says about somebody is erased by data protection with an admin, not under legal hold, and again where a backup brings it back; the ledger still verifies.' },
  { id: 'robot.revoked', source: 'design 6', sentence: 'A robot whose identity Azure refuses changes nothing and reads nothing, and says so; chat, kill, revive, status and ledger go on.' },
  { id: 'fail.directory', source: 'design 9.8', sentence: 'When the directory can\'t be read, the answer is no, and the person is told plainly.' },
  { id: 'fail.model', source: 'design 9.8', sentence: 'When the model fails, is busy or answers garbage, nothing happens, and the person is told plainly.' },
  { id: 'fail.storage', source: 'design 9.8', sentence: 'When state or ledger can\'t be written, nothing acts, and the person is told plainly.' },
  { id: 'fail.honest', source: 'style, errors', sentence: 'Steward says only what happened: a failed or unknown effect is never reported as done.' },

  // --- first turn, section 5: conversation basics ---
  { id: 'talk.help', source: 'first turn, 5', sentence: '`help` follows from the caller\'s roles.' },
  { id: 'talk.greeting', source: 'first turn, 5', sentence: 'A greeting gets one friendly line.' },
  { id: 'talk.off-topic', source: 'first turn, 5', sentence: 'Off-topic gets one friendly line and no action.' },
  { id: 'talk.her-laptop', source: 'first turn, 5', sentence: 'Follow-up: “her laptop”.' },
  { id: 'talk.other-one', source: 'first turn, 5', sentence: 'Follow-up: “the other one”.' },
  { id: 'talk.same-for', source: 'first turn, 5', sentence: 'Follow-up: “same for NAME”.' },
  { id: 'talk.cancel', source: 'first turn, 5', sentence: 'Follow-up: “cancel”.' },
  { id: 'talk.ambiguous', source: 'design 4', sentence: 'If a name is ambiguous the person picks from a card.' },
  { id: 'talk.no-match', source: 'design 4', sentence: 'A name that nobody has is said so, and nothing happens.' },
  { id: 'talk.typed-yes', source: 'first turn, 5', sentence: 'A typed “yes” never approves; it points to the card.' },
  { id: 'talk.edit-withdraws', source: 'first turn, 5', sentence: 'Editing the request withdraws its pending card.' },
  { id: 'talk.delete-withdraws', source: 'first turn, 5', sentence: 'Deleting the request withdraws its pending card.' },
  { id: 'talk.card-alone', source: 'first turn, 5', sentence: 'Cards are sent alone, with a `summary` for the notification, and `fallbackText`.' },

  // --- first turn, section 6: tests ---
  { id: 'tests.one-command', source: 'first turn, 6', sentence: '`npm test` is types, lint, import rules, unit and stories, and closes with `N passed, N failed`; `.ci/run` calls it.', shownBy: '.ci/run' },
  { id: 'tests.requirements', source: 'style, tests', sentence: 'Every sentence of this list is cited by a story or says what shows it.' },

  // --- waiting ---
  { id: 'wait.typing', source: 'waiting', sentence: 'Typing shows within 0.5 s of a message, also while it waits behind another or records are slow, and ends with the answer.' },
  { id: 'wait.status', source: 'waiting', sentence: 'Who waits for 5 s reads one line that says what is being done; it is changed in place, never covers the answer, and ends by saying how long it took.' },
  { id: 'wait.cancel', source: 'waiting', sentence: '“cancel” and “stop” are answered within a second, whether the work runs or waits, and nothing comes afterwards.' },
  { id: 'wait.timeout', source: 'waiting', sentence: 'After 45 s there are words: that it took too long, what was waited for, that nothing was done, what to do next, and a reference.' },
  { id: 'wait.never-silent', source: 'waiting', sentence: 'A failure never ends in silence: a sentence is said, again if the connector fails, and the operator learns of it.' },

  // --- what the Playground cannot show ---
  { id: 'people.switch', source: 'playground', sentence: 'Another person in the same client and conversation has neither the words, nor the handles, nor the cards, nor the running work of the first.' },
  { id: 'people.group', source: 'playground', sentence: 'In a group nothing is read, planned or approved for anybody: a bystander\'s click and a message that is not for Steward lead to nothing.' },

  // --- must show: the story ---
  { id: 'must.after-click', source: 'first turn, must show', sentence: 'Effects only after the click.' },
  { id: 'must.only-robot', source: 'first turn, must show', sentence: 'Effects only by the robot\'s client id.' },
  { id: 'must.once', source: 'first turn, must show', sentence: 'Exactly once after five parallel clicks.' },
  { id: 'must.model-clean', source: 'first turn, must show', sentence: 'Model requests contain no object id, UPN, address, display name from the directory, token.' },
  { id: 'must.pasted-mail', source: 'first turn, must show', sentence: 'A pasted mail address works and is not in the prompt.' },

  // --- must show: the hostile model ---
  { id: 'knowledge.cited', source: 'knowledge', sentence: 'A question is answered in sentences of reviewed articles, each with its source, its review date and where it leads.' },
  { id: 'knowledge.refused', source: 'knowledge', sentence: 'Without a source there is no answer: the nearest titles and their owners are named, and a ticket is offered.' },
  { id: 'knowledge.unsupported', source: 'design 9.7', sentence: 'What a model says that no retrieved passage says is dropped, whoever made it say so.' },
  { id: 'knowledge.apart', source: 'knowledge', sentence: 'Articles, questions and what the answering model returns reach no plan and no tool; the planning model sees none of it.' },
  { id: 'knowledge.group', source: 'design 4', sentence: 'In groups and channels articles answer and nothing else does, and only what is for everyone is said.' },
  { id: 'knowledge.audience', source: 'knowledge', sentence: 'What is for the helpdesk is said to nobody else, and expired or unreviewed articles to nobody.' },
  { id: 'knowledge.why', source: 'knowledge', sentence: 'Why something was answered can be asked in chat and by auditors, and is asked again in the index of that time.' },
  { id: 'knowledge.feedback', source: 'knowledge', sentence: 'What a reader thinks of an answer reaches the ledger and the owner of the article, once.' },
  { id: 'knowledge.stopped', source: 'design 9.6', sentence: 'A kill stops answers, and what can’t be recorded is not said.' },
  { id: 'hostile.unknown-action', source: 'first turn, must show', sentence: 'Unknown action: 0 effects, one plain sentence.' },
  { id: 'hostile.arguments', source: 'first turn, must show', sentence: 'Bad, missing, extra or prototype-key arguments: 0 effects, one plain sentence.' },
  { id: 'hostile.unparsable', source: 'first turn, must show', sentence: 'Unparsable arguments: 0 effects, one plain sentence.' },
  { id: 'hostile.forged-handle', source: 'first turn, must show', sentence: 'Forged, foreign and wrong-kind handles: 0 effects, one plain sentence.' },
  { id: 'hostile.at-once', source: 'first turn, must show', sentence: 'A destructive action at once: 0 effects.' },
  { id: 'hostile.fifty-steps', source: 'first turn, must show', sentence: '50 steps: 0 effects, one plain sentence.' },
  { id: 'hostile.third-step', source: 'first turn, must show', sentence: 'A plan whose third step is not allowed: 0 effects, nothing of it runs, one plain sentence.' },
  { id: 'hostile.names', source: 'first turn, must show', sentence: 'Names like `constructor`, `___DO___`: 0 effects, one plain sentence.' },
  { id: 'hostile.shape', source: 'first turn, must show', sentence: 'A reply that is not of the shape of a reply: 0 effects, one plain sentence.' },
  { id: 'hostile.claim', source: 'style, errors', sentence: 'A model that says it acted, when nothing did, is not believed.' },
  { id: 'hostile.endless', source: 'design 4', sentence: 'A model that never comes to an end is ended.' },
  { id: 'hostile.recovers', source: 'design 3', sentence: 'After whatever the model did, the next message is answered and the history is whole.' },

  // --- clicks ---
  { id: 'click.bystander', source: 'design 5', sentence: 'A bystander\'s click gets a private refusal.' },
  { id: 'click.stranger', source: 'design 5', sentence: 'A click by a guest or by somebody of another tenant changes nothing.' },
  { id: 'click.forged', source: 'design 5', sentence: 'An unknown reference and an edited payload get a private refusal.' },
  { id: 'click.copied', source: 'design 5', sentence: 'A copied card gets a private refusal.' },
  { id: 'click.settled', source: 'design 5', sentence: 'A second click on a settled card gets a private refusal.' },

  // --- approvals ---
  { id: 'approve.deny-reason', source: 'approvals', sentence: 'Whoever declines may say why: the reason is shown on every card as text and nothing more, or the click is refused.' },
  { id: 'approve.withdraw', source: 'approvals', sentence: 'Whoever asked for a second person\'s decision, and nobody else, can withdraw it by a click.' },
  { id: 'approve.pending', source: 'approvals', sentence: '`pending` lists what waits for a person and what the person waits for.' },
  { id: 'approve.undo', source: 'approvals', sentence: 'Undo proposes what takes the last thing back as a new plan through the gate, to the person whose it was and nobody else.' },
  { id: 'approve.unblock', source: 'policy', sentence: 'Unblocking takes a confirmation where it takes back one\'s own block of the last 30 minutes, else a second person.' },
  { id: 'approve.here', source: 'approvals', sentence: 'Second-person cards go to the group chats and channels where an admin said `approvals here`, else to the approvers\' personal chats; the requester learns who was asked.' },
  { id: 'approve.nobody', source: 'approvals', sentence: 'When nobody can be reached who may approve, that is said at once.' },
  { id: 'approve.same-human', source: 'approvals', sentence: 'The requester\'s second account is no second person.' },
  { id: 'approve.raise', source: 'approvals', sentence: 'A second person may raise a limit to the action\'s maximum for an hour; `status` shows it.' },
  { id: 'approve.targets', source: 'approvals', sentence: 'One action over up to 25 people is one card with every name, ticked off live and throttled.' },
  { id: 'approve.partly', source: 'approvals', sentence: 'When a step fails, later ones do not run, and the card says what is done, what is not, and offers to take back what is.' },
  { id: 'approve.too-many', source: 'approvals', sentence: 'More than 25 at once are refused with how to split.' },
  { id: 'approve.later', source: 'approvals', sentence: 'What is asked for later, or under a condition, is not done now.' },
  { id: 'approve.too-long', source: 'approvals', sentence: 'What can\'t be shown whole is refused, not cut.' },
  { id: 'approve.unknown', source: 'approvals', sentence: 'An outcome that nobody knows is told to the requester and to admins, counted by `status`, and settled by an admin who looked.' },

  // --- devices, App Services, workflows ---
  { id: 'device.find', source: 'catalogue', sentence: 'A device is found by its serial number, which the model never sees; several are picked from a card; its user is a thing that can be acted on.' },
  { id: 'device.effects', source: 'catalogue', sentence: 'Sync, lock and wipe are each one request by the robot after the approval that the policy asks for, and are said to be sent, never done.' },
  { id: 'device.whose', source: 'policy', sentence: 'About a device the policy decides by whoever uses it: a VIP\'s and nobody\'s take a second person, one\'s own is not wiped.' },
  { id: 'device.errors', source: 'catalogue', sentence: 'Whatever Intune answers, nothing is reported that did not happen.' },
  { id: 'app.restart', source: 'catalogue', sentence: 'Listed App Services are shown and restarted with a second person; Steward\'s own is out of reach.' },
  { id: 'workflow.start', source: 'catalogue', sentence: 'A workflow is started with a second person and typed inputs, and is said to be started, never done.' },
  { id: 'azure.errors', source: 'catalogue', sentence: 'Whatever Azure answers, nothing is reported that did not happen.' },
  { id: 'observe.effects', source: 'design 5', sentence: 'In observe mode an approved effect is recorded and not carried out, and the card says so.' },

  // --- tickets ---
  { id: 'ticket.find', source: 'catalogue', sentence: 'A ticket is found by number or words; several are picked from a card; helpdesk alone looks at others\'.' },
  { id: 'ticket.show', source: 'design 4', sentence: 'What was written in a ticket is shown to the person as inert quotations and reaches no model; its caller, assignee and device are things that can be acted on.' },
  { id: 'ticket.effects', source: 'catalogue', sentence: 'Comment, assignment and resolution are each one request after a confirmation, in the name of whoever asked.' },
  { id: 'ticket.own', source: 'policy', sentence: 'Everyone opens tickets in their own name, lists those, and comments on those and no others.' },
  { id: 'ticket.identity', source: 'catalogue', sentence: 'Where it can\'t be told who somebody is in ServiceNow, nothing is done, and the sentence says what to put right.' },
  { id: 'ticket.errors', source: 'catalogue', sentence: 'Whatever ServiceNow answers, nothing is reported that did not happen, and nothing is sent twice.' },
  { id: 'ticket.scene', source: 'design 4', sentence: '“Block the caller and lock her laptop, then comment on it” from a ticket is one plan with one card.' },

  // --- reports ---
  { id: 'report.card', source: 'catalogue', sentence: 'A report is a card with a chart and its first rows; the model gets counts and no row.' },
  { id: 'report.file', source: 'catalogue', sentence: 'Who accepts the file of a report has it in their OneDrive: read again at that moment, nothing of it kept until then.' },
  { id: 'report.bound', source: 'catalogue', sentence: 'A file is for the person who asked, in that chat, on that card, once, and while Steward may act.' },
  { id: 'report.host', source: 'catalogue', sentence: 'A file is put on the configured OneDrive host and nowhere else, whatever the invoke names.' },
  { id: 'report.honest', source: 'style, errors', sentence: 'A file that was not put, or of which nobody knows, is said to be so.' },

  // --- must show: over HTTP ---
  { id: 'http.bodies', source: 'first turn, must show', sentence: 'Empty, array, 3 MB and malformed bodies: 4xx as fits, nothing executed.' },
  { id: 'http.activities', source: 'first turn, must show', sentence: 'Activities without a conversation, of a foreign tenant or of an unknown person: refused, nothing executed.' },
  { id: 'http.jwt', source: 'first turn, must show', sentence: 'JWT bad, expired, unsigned, wrong audience, issuer, serviceUrl: 4xx, nothing executed.' },
  { id: 'http.up', source: 'first turn, must show', sentence: 'Never 500, and the process stays up.' },
] as const satisfies readonly Requirement[];

export const requirements: readonly Requirement[] = list;
export type RequirementId = (typeof list)[number]['id'];

const known: ReadonlyMap<string, Requirement> = new Map(requirements.map((requirement) => [requirement.id, requirement]));

/** The title of a story that shows these requirements. An unknown id throws. */
export function verifies(ids: RequirementId | readonly RequirementId[], title: string): string {
  const names: readonly string[] = typeof ids === 'string' ? [ids] : ids;
  for (const id of names) {
    if (!known.has(id)) throw new Error(`no requirement is called \`${id}\``);
  }
  return `${title} [${names.join(', ')}]`;
}

/** What no story cites and nothing else shows, and `shownBy` that points nowhere: one line each. */
export function unshown(): readonly string[] {
  const folder = new URL('stories/', import.meta.url);
  const stories = readdirSync(folder).filter((name) => name.endsWith('.test.ts')).map((name) => readFileSync(new URL(name, folder), 'utf8'));
  return requirements.flatMap(({ id, sentence, shownBy }) => {
    // Read from the files: stories run in several processes, and none of them loads them all.
    if (stories.some((story) => story.includes(`'${id}'`))) return [];
    if (shownBy === undefined) return [`${id}: ${sentence}`];
    return existsSync(new URL(`../${shownBy}`, import.meta.url)) ? [] : [`${id}: \`${shownBy}\` does not exist`];
  });
}
