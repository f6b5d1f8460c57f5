import assert from 'node:assert/strict';
import { catalogue } from '../../../../src/actions/catalogue.ts';
import { helpCard, welcomeCard } from '../../../../src/bot/cards/help-card.ts';
import { Speaker } from '../../../../src/bot/say.ts';
import { en } from '../../../../src/bot/wording/en.ts';
import type { Permitted } from '../../../../src/guard/gate.ts';
import type { Role } from '../../../../src/guard/ports.ts';

const permitted = (name: string, kind: Permitted['kind'], own = false): Permitted => ({ action: catalogue.find(name)!, kind, own });

/** Everything that can be read on the card, in its order. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join('\n');
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value).map(([key, inner]) => (key === 'text' ? String(inner) : textOf(inner))).filter((text) => text !== '').join('\n');
}
const help = (roles: readonly Role[], may: readonly Permitted[]): string => textOf(helpCard({ roles }, { permitted: may, hasArticles: false }).content);
const words = en.help;

describe('bot/cards: help', () => {
  it('says that there is nothing to ask for, where there is nothing', () => {
    assert.equal(help([], []), [words.title, words.nothing].join('\n'));
  });
  it('lists what is permitted and nothing else, each with a sentence to type', () => {
    const text = help(['helpdesk'], [permitted('find_person', 'run'), permitted('block_sign_in', 'confirm')]);
    for (const name of ['find_person', 'block_sign_in']) for (const part of [en.actions.get(name)!.help, en.actions.get(name)!.example]) assert(text.includes(part), part);
    assert.doesNotMatch(text, /list devices|kill all|end all sessions|second person/i);
  });
  it('groups by who must agree, reads first', () => {
    const text = help(['helpdesk'], [permitted('revoke_sessions', 'second person'), permitted('block_sign_in', 'confirm'), permitted('find_person', 'run')]);
    const order = [words.groups.run, 'Find people', words.groups.confirm, 'Block sign-in', words.groups['second person'], 'End all sessions'].map((part) => text.indexOf(part));
    assert(order.every((at, index) => at >= 0 && (index === 0 || at > (order[index - 1] ?? 0))), text);
  });
  it('gives an example about the person themselves where they may ask only that', () => {
    const text = help(['employee'], [permitted('list_devices', 'run', true)]);
    assert.match(text, /which devices do I have\?/);
    assert.doesNotMatch(text, /Anna Weber/);
  });
  it('tells admins, and nobody else, how to stop and revive', () => {
    assert.match(help(['admin'], []), /kill all[^]*revive because/);
    for (const role of ['employee', 'helpdesk', 'approver'] as const) assert.doesNotMatch(help([role], [permitted('find_person', 'run')]), /kill|revive/);
  });
  it('tells approvers, and nobody else, that requests come to them as cards', () => {
    assert(help(['approver'], []).includes(words.approverText));
    for (const role of ['employee', 'helpdesk', 'admin'] as const) assert(!help([role], [permitted('find_person', 'run')]).includes(words.approver));
  });
  it('says that one may ask how something works, where there are articles, and not to whom nothing is permitted', () => {
    const asked = (roles: readonly Role[], hasArticles: boolean): boolean => textOf(helpCard({ roles }, { permitted: [], hasArticles }).content).includes(words.ask);
    assert.deepEqual([asked(['admin'], true), asked(['admin'], false), asked([], true)], [true, false, false]);
  });
  it('takes one line an action, so that thirty can still be read', () => {
    const before = (helpCard({ roles: ['helpdesk'] }, { permitted: [permitted('find_person', 'run')], hasArticles: true }).content['body'] as readonly unknown[]).length;
    const thirty = helpCard({ roles: ['helpdesk'] }, { permitted: Array.from({ length: 30 }, () => permitted('find_person', 'run')), hasArticles: true }).content;
    assert.equal((thirty['body'] as readonly unknown[]).length, before + 29);
  });
  it('has words for every action of the catalogue', () => {
    for (const action of catalogue.all()) assert(en.actions.get(action.name)?.help, action.name);
  });
});

describe('bot/cards: the welcome', () => {
  const { content, summary } = welcomeCard({ roles: ['helpdesk'] }, { permitted: [permitted('find_person', 'run')], hasArticles: true });

  it('says who Steward is, what it promises, and what this person may ask', () => {
    for (const part of [words.welcome, words.who, ...words.promises, words.title, 'Find people']) assert(textOf(content).includes(part), part);
  });
  it('passes the output gate, and tells a screen reader what it is', () => {
    assert.doesNotThrow(() => new Speaker([], () => []).card(content, summary));
    assert.equal(content['speak'], summary);
    assert.equal(content['fallbackText'], en.card.fallback);
  });
});
