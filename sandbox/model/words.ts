/**
 * Ordinary English about IT: which words mean the same thing. Language knowledge only; what can be done is read from the
 * tool list of each request, never from here.
 */
import { stem } from './tokenise.ts';

/** A phrase that stands for an action. `/` separates alternatives, `*` is a gap of up to seven words. */
export interface Phrase {
  readonly action: string;
  readonly pattern: readonly (ReadonlySet<string> | '*')[];
  /** What the phrase is about without saying so: signing somebody out is about sessions. */
  readonly implies?: string;
}

export const READ = 'read';
export const FIND = 'find';
export const ANSWER = 'answer';

/** In order: the first that matches wins, so longer readings come first. */
export const PHRASES: readonly Phrase[] = [
  ...phrases('block', 'signin', [
    "don't/dont/not/never let/allow/permit * sign/log/get in/on/back", "not/never/longer/mustn't/shouldn't/can't/cannot be able to sign/log/get * in/on", 'take/taking * access',
    "don't/dont/not/never let/allow/permit * access",
  ]),
  ...phrases('allow', 'signin', [
    'unblock/unlock/enable/reenable/reactivate/activate/reinstate/unsuspend/unfreeze/readmit/unban',
    'give/grant/get * access', 'give/get back * access', 'bring/switch/turn/get * back', 'open/reopen * account/access', 'possible for * sign/log in/on', 'restore/regain/return * access/account/sign/log', 'restore',
    'let * back in/on', 'let * in/on again', 'let/allow/permit * sign/log in/on', 'let/allow/permit * access/in/back', 'allow/permit',
    'able to sign/log/get * in/on', 'switch/turn * on', 'lift/remove/undo/reverse/release/take/cancel/clear * block/lock/suspension/ban/blocking', 'can/may/shall sign/log/get * in/on again',
  ]),
  ...phrases('block', 'signin', [
    'stop/prevent/keep/bar/block/ban/hinder * from sign/log/get/access', 'stop/prevent/deny/refuse/forbid/block/disable/suspend * sign/log in/on',
    "can't/cannot/cant/not/never/unable * sign/log/get * in/on", 'lock/shut/bar/keep/freeze * out', 'cut/shut/turn/switch * off',
    'deny/refuse/withdraw/stop/revoke/take/remove/pull/cut/suspend/disable/halt/terminate/end/kill * access',
    'no more/further/longer * access', 'block/lock/disable/deactivate/suspend/freeze/ban/bar/blacklist/lockdown',
  ]),
  ...phrases('end', 'session', [
    'force/require/make * sign/log in/on/out/off', 'sign/log/kick/throw/boot/chuck/force/push * out/off', 'sign/log * everywhere',
    'end/revoke/kill/terminate/invalidate/close/expire/clear/drop/cancel/stop/finish/cut/purge/remove * session/token',
    'session/token * end/revoke/kill/terminate/invalidate/close/clear/drop', 'end/kill/terminate/close/drop/clear/cancel/stop * sign/log in', 'revoke/invalidate/disconnect', 'end/terminate/kill/close * everything',
  ]),
  ...phrases(FIND, undefined, [
    'find/search/locate/lookup/seek/trace', 'look/looking up/for', 'look * up',
    'anyone/anybody/someone/somebody/colleague/person/people/user/employee * called!/named!/name', 'by the name', 'is/are there', 'have * called!/named!',
    'whose address/mail/email/upn/number/account', 'find out who', 'called!/named!',
  ]),
  ...phrases(READ, undefined, [
    'tell/give/get/fetch me/us', 'gimme', 'show/display/view/describe/inspect/overview/inventory/detail/enumerate/list/check/verify/see/summarise/summarize', 'pull/bring up',
    'look at', 'know', 'need/want * list/detail/information/info/overview', 'info/information/detail', 'get/fetch/return', 'know about',
  ]),
  ...phrases(ANSWER, undefined, ['answer/explain']),
];

/** Verbs that only count where a command stands; most mean something that no tool in sight may do. */
export const COMMANDS: ReadonlySet<string> = stems(
  `reset change delete erase wipe create rename add remove grant give install uninstall reinstall restart reboot assign unassign send email mail open order buy
   translate write sing recommend suggest book schedule update upgrade move transfer approve call forward share backup encrypt decrypt format reimage
   retire rotate set start reassign replace fix repair connect configure setup play compose draw calculate compute define promote demote hire fire migrate archive merge
   export import download upload raise log report escalate ring notify tell invite provision deploy unenroll enroll enrol sync extend renew`,
);

export const OBJECTS: ReadonlyMap<string, string> = objects({
  device: 'device devices laptop computer phone mobile smartphone cellphone pc notebook tablet ipad iphone machine hardware workstation desktop macbook equipment handset',
  session: 'session token',
  account: 'account profile user record identity',
  access: 'access',
  manager: 'manager boss supervisor superior',
  department: 'department division unit',
  state: 'state status active inactive',
  password: 'password pin passcode passphrase credential',
  factor: 'mfa 2fa authenticator factor totp fido',
  mail: 'mailbox inbox calendar meeting email',
  group: 'group team membership channel',
  licence: 'licence license subscription',
  ticket: 'ticket incident case',
  web: 'website site url webpage browser ad popup',
  network: 'wifi vpn network printer router',
  role: 'right permission role admin administrator privilege',
  software: 'software app application program programme',
  file: 'file folder document sharepoint onedrive',
  key: 'bitlocker key',
  contact: 'number birthday salary payslip',
});

/** Ways to speak about a person's access as a whole; none of them narrows an action down. */
export const ACCESS_OBJECTS: ReadonlySet<string> = new Set(['account', 'access', 'signin', 'state']);

export const TITLES: ReadonlySet<string> = new Set(['dr', 'dr.', 'mr', 'mr.', 'mrs', 'mrs.', 'ms', 'ms.', 'miss', 'prof', 'prof.', 'professor', 'doctor', 'sir', 'madam', 'herr', 'frau', 'mx', 'mx.']);
export const PARTICLES: ReadonlySet<string> = new Set(['van', 'der', 'den', 'von', 'zu', 'zum', 'de', 'da', 'di', 'du', 'dos', 'das', 'del', 'della', 'la', 'le', 'el', 'al', 'bin', 'ben', 'ter', 'ten', 'af', 'av', 'st', 'st.', 'y', 'ibn', 'abu']);

export const SELF: ReadonlySet<string> = new Set(['me', 'my', 'i', 'myself', 'mine', "i'm", 'im', "i've"]);
export const THIRD: ReadonlySet<string> = new Set(['he', 'she', 'they', 'him', 'her', 'them', 'his', 'hers', 'their', 'theirs', 'himself', 'herself', 'themselves', 'it', 'its', 'that', 'this', 'these', 'those']);
/** Of those, the ones that cannot mean a thing or a clause. */
export const PERSONAL: ReadonlySet<string> = new Set(['he', 'she', 'they', 'him', 'her', 'them', 'his', 'hers', 'their', 'theirs', 'himself', 'herself', 'themselves']);
export const EVERYBODY: ReadonlySet<string> = new Set(['both', 'each', 'all']);

export const NEGATIONS: ReadonlySet<string> = new Set(["don't", 'dont', 'never', 'not', "mustn't", "shouldn't", 'without', 'nobody', "needn't", "won't", "doesn't", 'leave', 'no']);
export const POLITE: ReadonlySet<string> = new Set(
  "please pls plz kindly hey hi hello ok okay so now then also just steward bot can could would will you u ya to we i need want must should have let's lets id like i'd go ahead and immediately quickly urgently asap urgent actually well yes sure right maybe first instead only simply help me try again too already still".split(' '),
);

/** Words that are never part of a name when written in lower case. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a an the and or but if then else so as at by for from in into of off on onto out over to up with within without about after again against all also am any are be because been before being
   below between both can cannot could did do does doing done down during each either every everything everyone everybody everywhere few further get gets getting give gives got had has have having here how however
   is it its itself just keep know last least less let like likes made make makes many may maybe me mine more most much must my myself need needs neither never next no nobody none nor not nothing now
   once one ones only other others our ours own per perhaps please pls plz quite rather really same shall should since some someone somebody something somewhere still such than thank thanks that their theirs them
   themselves there therefore these they this those though through thus till today tomorrow tonight too toward towards under until upon us use used uses using very via want wants was way we well went were
   what whatever when where whether which while who whom whose why will with would yes yesterday yet you your yours yourself u ur ya hey hi hello ok okay sure right asap urgent urgently immediately quickly
   soon anymore anyone anybody anything colleague colleagues person people persons user users employee employees staff member guy lady man woman girl boy folks name names named called call address mail company office work works working worked
   directory system systems login logins currently current actual actually managed manage manages assigned belong belongs belonging registered enrolled owned own owns hold holds use uses reports report reported reporting directly state status
   blocked locked disabled enabled suspended active inactive open closed back in out off on everywhere else instead kindly quick first second third fourth fifth last other another both two three four five 1st 2nd 3rd 4th
   don't dont doesn't didn't can't cant won't isn't aren't wasn't couldn't shouldn't wouldn't haven't hasn't i'm im i've i'd you're he's she's they're we're it's let's lets
   lost stole stolen left leave leaving quit resigned retired fired terminated missing hacked phished compromised found broke broken forgot leaked clicked returned died moved changed reset gone came come comes went told said thinks think thought
   good morning evening afternoon night bye goodbye great nice cool thank cheers lol haha wow
   time day week month year minute hour moment
   see look looking looked looks tell told say says ask asked find finds show shows give gave given take takes taken put puts set sets run runs keep kept start stop end begin try tries tried trying hoping help helps seem seems feel feels
   able possible necessary sure certain new old big small best better worst bad wrong fine little long short high low early late full empty free busy ready
   yes no yep nope yeah nah true false
   question questions answer problem problems issue issues thing things stuff part lot bit kind sort type number information info details detail overview list lists inventory account accounts profile
   step steps reason reasons
   allowed allow anyhow whole complete entire just only
   regarding concerning re fyi btw cc via plus minus vs etc eg ie
    tick box button page site web internet online offline email emails inbox
   manager managers boss supervisor department departments division team teams
   nevermind mind matter cancel abort forget drop undo redo
   suspicious activity phishing victim spam fraud attack breach incident investigation contract temporary permanently permanent ended
   he she him her his hers it who's
   across along around due owing basically anyway ever
   soon later earlier ago
   actually indeed certainly definitely mean means meant say
   gets goes going gone gonna wanna gotta
   been being having
   force forced make sure ensure ensures
   device devices
   usage
   i`.split(/\s+/u),
);

/** First names that are also ordinary words. */
export const ORDINARY_FIRST_NAMES: ReadonlySet<string> = new Set('will may mark jack rose grace bill frank sue bob pat art dean rich max joy hope drew chase grant miles wade ray rob nick gene guy angel amber ruby violet lily ivy olive hazel iris daisy april june august faith summer autumn dawn eve robin jay lance cliff glen dale clay earl duke'.split(' '));

/** Things written with a capital that are not people. */
export const PROPER_THINGS: ReadonlySet<string> = new Set(
  'i outlook teams microsoft windows office azure entra excel word sharepoint onedrive intune monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december english german french spanish italian chinese android apple google samsung dell lenovo thinkpad chrome firefox edge safari netflix zoom slack linux ubuntu python java chatgpt copilot youtube amazon facebook instagram whatsapp bluetooth powerpoint onenote github jira confluence sap salesforce servicenow cisco exchange online visio wifi wi-fi wlan'.split(' '),
);

/** A finite verb of a statement: "phone was found", "he got phished". */
export const STATEMENT_VERBS: ReadonlySet<string> = new Set(
  "is are was were has have had got lost left stole forgot found clicked resigned quit broke reported returned leaked gave sends sent isn't wasn't came went works worked looks seems think thinks believe suspect opened fell received shared posted died moved entered downloaded installed lent sold dropped stolen missing compromised hacked phished infected broken damaged fired expired ended keeps kept says said told retired joined starts started".split(' '),
);

/** Causes that follow `for` or stand alone: "for suspected phishing". */
export const CAUSES: ReadonlySet<string> = new Set('phishing fraud malware ransomware theft abuse misconduct spam breach investigation compromise hacking security audit maintenance offboarding onboarding termination suspected'.split(' '));

/** Every word that begins one of the phrases: a verb of this language, whatever else it may be. */
export const VERBS: ReadonlySet<string> = new Set(PHRASES.flatMap(({ pattern: [first] }) => (first === undefined || first === '*' ? [] : [...first])));

/** Every word that a typing error may have meant, by its stem. */
export const TYPO_TARGETS: readonly string[] = [
  'block', 'unblock', 'disable', 'enable', 'suspend', 'revoke', 'sessions', 'session', 'devices', 'device', 'laptop', 'laptops', 'account', 'search', 'find', 'show', 'list', 'unlock', 'deactivate',
  'reactivate', 'terminate', 'display', 'phone', 'computer', 'computers', 'manager', 'department', 'lookup', 'restore', 'password', 'delete', 'machines',
];
/** Names that lie one keystroke away from one of those. */
export const NOT_TYPOS: ReadonlySet<string> = new Set(['black', 'bloch', 'locke', 'lister', 'finn', 'linda', 'list', 'fiona', 'lock', 'clock', 'flock', 'fiend', 'fine', 'mind', 'kind', 'lisa', 'lise', 'shaw', 'snow', 'shows', 'last', 'lost', 'lists', 'stow', 'slow', 'phones']);

function phrases(action: string, implies: string | undefined, patterns: readonly string[]): readonly Phrase[] {
  return patterns.map((pattern) => ({
    action,
    // A `!` asks for exactly that form: "called", not "call".
    pattern: pattern.split(' ').map((part) => (part === '*' ? '*' : new Set(part.split('/').map((word) => (word.endsWith('!') ? word.slice(0, -1) : stem(word)))))),
    ...(implies === undefined ? {} : { implies }),
  }));
}

function stems(words: string): ReadonlySet<string> {
  return new Set(words.trim().split(/\s+/u).map(stem));
}

function objects(table: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(table).flatMap(([object, words]) => words.split(' ').map((word) => [stem(word), object] as const)));
}
