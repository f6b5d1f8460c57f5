/**
 * What people say when they want one of the tools that a verb and a noun alone do not tell apart: a table of tool and
 * phrasing. Such a tool is known by its name; one that a request's tool list does not hold is never looked at.
 */
import type { WritingKind } from './entities.ts';

/** A piece of a message: lower case, with `<person>`, `<device>`, `<ticket>`, `<serial>`, `<group>`, `<licence>`, `<app>` for what is named. */
export type Said = string;

export interface Request {
  readonly tool: string;
  readonly says: RegExp;
  readonly unless?: RegExp;
  /** Only where nobody in particular is meant, or only where somebody is. */
  readonly about?: 'nobody' | 'somebody';
  /** “It” may be this kind of thing, where one was spoken of. */
  readonly it?: string;
  /** A question cannot be a request to change something. */
  readonly kind: 'read' | 'change';
  /** A “not” in it is what is asked about. */
  readonly negatable?: true;
}

const DEVICE = String.raw`(?:<device>|<serial>|\b(?:devices?|laptops?|notebooks?|computers?|pcs?|macbooks?|machines?|phones?|smartphones?|iphones?|mobiles?|ipads?|tablets?|workstations?)\b)`;
const TICKET = String.raw`(?:<ticket>|\b(?:tickets?|incidents?)\b)`;
const LICENCE = String.raw`(?:<licence>|\blicen[cs]es?\b)`;
const IT = '<it>';
/** Verbs that change something; a listing is not what is wanted. */
const CHANGES = /\b(?:add|remove|reset|delete|disable|enable|change|set|turn|switch|activate|create|rename|buy|order|block|stop|prevent|end|revoke|kill|allow|deny|unblock|terminate|forbid|suspend|restore|close|cancel|clear|drop|cut|force|install|uninstall|update|lock|wipe|give (?!me|us)|assign (?!to))\b/u;
const PRODUCT = String.raw`\b(?:microsoft|m365|o365|office|teams|outlook|exchange|sharepoint|onedrive|entra|azure ad)\b`;
const TROUBLE = String.raw`\b(?:problems?|issues?|outages?|down|disruptions?|degraded|incidents?|trouble)\b`;
const OWN = String.raw`\b(?:i|me|my|mine)\b`;

function read(tool: string, says: string, more: Partial<Request> = {}): Request {
  return { tool, says: new RegExp(says, 'u'), unless: CHANGES, kind: 'read', ...more };
}

function change(tool: string, says: string, more: Partial<Request> = {}): Request {
  return { tool, says: new RegExp(says, 'u'), kind: 'change', ...more };
}

/** In order: the first that fits and whose tool is there wins. */
const REQUESTS: readonly Request[] = [
  change('offboard_person', String.raw`\boff-?board(?:ing)?\b`),
  change('grant_guest_wifi', String.raw`\b(?:give|grant|get|needs?|provide|set up|enable|wants?|create|open|allow|let)\b.*\b(?:guest|visitor)s?'? (?:wi-?fi|wlan|network|internet)\b|^(?:please )?guest wi-?fi for <person>`),
  change('restart_app_service', String.raw`\b(?:re-?start|re-?boot|recycle|bounce)\b.*<app>`),
  change('wipe_device', String.raw`\b(?:wipe|erase|factory[ -]reset)\b.*(?:${DEVICE}|${IT})|\breset\b.*${DEVICE}.*\bfactory\b`, { it: 'device' }),
  change('lock_device', String.raw`\block\b.*(?:${DEVICE}|${IT})`, { it: 'device', unless: /\block\b.*\bout\b/u }),
  change('sync_device', String.raw`\b(?:re-?)?sync(?:hroni[sz]e)?\b.*(?:${DEVICE}|${IT})|${DEVICE}.*\b(?:sync|synchroni[sz]e|check in)\b`, { it: 'device', unless: /\b(?:not|n't|never|report)\b/u }),
  change('remove_from_group', String.raw`\b(?:removed?|taken?|kick(?:ed)?|drop(?:ped)?|delete|throw|pull|get)\b.*\b(?:from|out of|off)\b.*<group>`),
  change('add_to_group', String.raw`\b(?:add(?:ed)?|put|include|invite|join|made?|make|move|bring|get)\b.*<group>`),
  change('remove_licence', String.raw`\b(?:remove|take|revoke|withdraw|unassign|free|reclaim|strip|return)\b.*${LICENCE}`),
  change('assign_licence', String.raw`\b(?:give|assign|grant|add|get|needs?|provide|allocate|hand|wants?|should (?:have|get))\b.*${LICENCE}`, { about: 'somebody' }),
  change('assign_ticket', String.raw`\b(?:re-?assign|assign|give|hand|pass|route|forward)\b.*(?:${TICKET}|${IT}).*\bto\b`, { it: 'ticket', about: 'somebody' }),
  change('close_ticket', String.raw`^(?:[^<]*\b)?(?:close|resolve|solve)\b.*(?:${TICKET}|${IT})`, { it: 'ticket' }),
  change('comment_on_ticket', String.raw`\bcomment on\b.*(?:${TICKET}|${IT})`, { it: 'ticket' }),
  change('create_ticket', String.raw`\b(?:open|create|raise|log|file|submit) (?:an?|another|the) (?:new )?(?:ticket|incident)\b`),

  read('report_stale_devices', String.raw`${DEVICE}.*(?:\b(?:not|n't|never|without)\b|n't\b).*\b(?:sync|synced|synchroni[sz]ed|seen|check(?:ed)?[ -]in|reported|online|contact|connect(?:ed)?|active|used)\b|\b(?:stale|inactive)\b.*${DEVICE}|${DEVICE}.*\b(?:stale|inactive)\b`, { about: 'nobody', negatable: true }),
  read('report_licence_use', String.raw`${LICENCE} (?:report|usage|use|utili[sz]ation|consumption)\b|\breport\b.*${LICENCE}|\bhow many\b.*${LICENCE}`, { about: 'nobody' }),
  read('list_own_tickets', String.raw`\bmy (?:own |open |current |latest )*(?:tickets?|incidents?)\b|\b(?:do|have) i\b.*\b(?:tickets?|incidents?)\b|\b(?:tickets|incidents) (?:of mine|(?:did|do|have) i)\b|\b(?:tickets|incidents) (?:that )?i\b`),
  read('report_open_tickets', String.raw`\breports?\b.*\b(?:tickets|incidents)\b|\b(?:tickets|incidents) report\b|\b(?:open|unresolved|all)\b.*\b(?:tickets|incidents)\b|\b(?:tickets|incidents) (?:are|that are|still)\b.*\b(?:open|unresolved)\b`, { about: 'nobody' }),
  read('show_service_health', String.raw`\bservice (?:health|status)\b|${PRODUCT}.*(?:${TROUBLE}|\bhealth)|(?:outages?|disruptions?|problems|issues|trouble|health)\b.*${PRODUCT}`, { about: 'nobody', unless: new RegExp(String.raw`${OWN}|${CHANGES.source}`, 'u') }),
  read('find_group', String.raw`\b(?:find|search|look|looking|locate|is there|are there|any|exists?)\b.*<group>|^(?:the )?group <group>$`),
  read('report_group_members', String.raw`\b(?:who|people|belongs?|(?:list|show|display|report|see|get)\b.*\bmembers?)\b.*<group>|\bmembers of (?:the )?group <group>|<group>.*\bmembers\b`),
  read('show_device', String.raw`\b(?:show|details?|display|info|information|status|overview|check|describe|state)\b.*(?:<serial>|<device>)|^(?:the )?<device>$`),
  read('find_device', String.raw`<serial>`),
  read('find_ticket', String.raw`\b(?:find|search|look|looking|is there|are there|any)\b.*\b(?:tickets?|incidents?)\b.*\b(?:about|for|on|with|regarding|concerning|mentioning)\b`),
  read('show_ticket', String.raw`<ticket>|\b(?:show|display|details?|status|state|read|what|see)\b.*\b(?:the|this|that) (?:ticket|incident)\b`, { unless: /\b(?:delete|remove|cancel|re-?assign|reopen|merge|escalate|assign|give|close|resolve|prioriti[sz]e|comment|not|don't)\b/u }),
  read('list_mfa_methods', String.raw`\b(?:mfa|2fa|multi-?factor|second factors?|(?:authentication|verification|sign-?in) methods?|authenticators?)\b`, { about: 'somebody' }),
  read('list_sign_ins', String.raw`\b(?:sign|log)-?(?:in|on)s\b|\b(?:sign|log)[ -]?(?:in|on) (?:history|logs?|activity|activities|attempts?|records?)\b|\b(?:last|recent|latest)\b.*\b(?:sign|log)[ -]?(?:in|on)\b|\b(?:when|where)\b.*\b(?:sign|log)(?:ned|ged)?[ -]?(?:in|on)\b`, { about: 'somebody' }),
  read('list_groups', String.raw`\b(?:groups|memberships)\b|\b(?:which|what|list|show|all)\b.*\bteams\b|\bmember of\b`, { about: 'somebody' }),
  read('list_app_services', String.raw`\bapp services?\b|\b(?:which|what|list|show)\b.*\bapps?\b.*\b(?:re-?start|re-?boot)(?:ed)?\b`),
  read('list_apps', String.raw`\b(?:which|what|list|show|see|all|my)\b.*\b(?:apps|applications)\b|^(?:the )?(?:apps|applications)\b`, { about: 'somebody' }),
  read('show_person', LICENCE, { about: 'somebody', unless: new RegExp(String.raw`\bneed\b|${CHANGES.source}`, 'u') }),
  read('list_licences', String.raw`\b(?:which|what|list|show|see|all|display|overview)\b.*\blicen[cs]es\b.*(?:\b(?:we|company|tenant|there|available|own|bought)\b|$)|^(?:the |our )?licen[cs]es$`, { about: 'nobody' }),
];

/** The tool that each kind of writing is for; the second where it is one's own. */
const WRITERS: Readonly<Record<WritingKind, readonly string[]>> = { comment: ['comment_on_ticket', 'comment_on_own_ticket'], mail: ['send_mail'], create: ['create_ticket'], close: ['close_ticket'] };

export function writersOf(kind: WritingKind): readonly string[] {
  return WRITERS[kind];
}

/** Tools that are asked for by this table alone; `show_person` also by what it says it does. */
export const LISTED: ReadonlySet<string> = new Set([...REQUESTS.map(({ tool }) => tool), ...Object.values(WRITERS).flat()].filter((tool) => tool !== 'show_person'));

export interface Piece {
  readonly said: Said;
  readonly question: boolean;
  readonly negated: boolean;
  readonly somebody: boolean;
  /** By kind: what was spoken of last. */
  readonly spokenOf: ReadonlyMap<string, string>;
}

export function requestOf(piece: Piece, has: (tool: string) => boolean): Request | undefined {
  return REQUESTS.find(({ tool, says, unless, about, it, kind, negatable }) => {
    const said = it !== undefined && piece.spokenOf.has(it) ? piece.said.replace(/\b(?:it|this one|that one)\b/gu, IT) : piece.said;
    if (!says.test(said) || unless?.test(said) === true || !has(tool)) return false;
    if ((piece.negated && negatable !== true) || (kind === 'change' && piece.question)) return false;
    return about === undefined || (about === 'somebody') === piece.somebody;
  });
}
