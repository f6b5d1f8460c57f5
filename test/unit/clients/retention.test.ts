import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { TableAnswerStore } from '../../../src/clients/answer-store.ts';
import { TableApprovalStore } from '../../../src/clients/approval-store.ts';
import { TableConversationStore } from '../../../src/clients/conversation-store.ts';
import { Retention } from '../../../src/clients/retention.ts';
import type { Table } from '../../../src/clients/tables.ts';
import type { ApprovalRecord, Place } from '../../../src/guard/approval.ts';
import type { Memory } from '../../../src/bot/ports.ts';
import { newId, tablesOf } from './support.ts';
import { systemClock } from '../../../src/clients/clock.ts';

const DAY_MS = 86_400_000;
const place: Place = { conversationId: 'a:1', serviceUrl: 'https://smba.trafficmanager.net/emea/', tenantId: 't', botId: '28:b', channelId: 'msteams', conversationType: 'personal' };
const memory: Memory = { history: [{ role: 'user', content: 'hello' }], handles: [], words: ['hello'] };
const later = (days: number) => ({ ...systemClock, now: () => new Date(Date.now() + days * DAY_MS) });

const approval = (state: ApprovalRecord['state']): ApprovalRecord => ({
  reference: randomUUID(), state, by: 'requester', subject: { kind: 'raise', reason: 'r', action: 'block_sign_in', perHour: 9 }, requester: newId(), requesterName: 'Ada', place, requestActivityId: 'm', cards: [],
  binding: 'b', killEpoch: 1, createdAt: new Date(), expiresAt: new Date(),
});

describe('retention', () => {
  it('takes away conversations after their days, and requests that were settled after theirs; nothing before', async () => {
    const { answers: answerTable, approvals: approvalTable, conversations: conversationTable } = await tablesOf();
    const [conversations, approvals] = [new TableConversationStore(conversationTable, { instance: randomUUID(), clock: systemClock }), new TableApprovalStore(approvalTable)];
    const [conversation, person] = [`a:${randomUUID()}`, newId()];
    await conversations.receive({ conversationId: conversation, activityId: 'one', place: { ...place, conversationId: conversation } });
    await conversations.save(conversation, person, memory, 'one');
    const answers = new TableAnswerStore(answerTable);
    const said = { reference: 'r', turn: 't', conversationId: conversation, activityId: randomUUID(), articles: [] };
    await answers.add(said);
    const [settled, open, doubtful] = [approval('succeeded'), approval('pending'), approval('unknown')];
    for (const record of [settled, open, doubtful]) await approvals.insert(record);
    await approvals.noteDone(settled);
    const at = (days: number): Promise<number> => new Retention({ answers: answerTable, approvals: approvalTable, conversations: conversationTable }, { conversationDays: 30, approvalDays: 180 }, later(days)).sweep();
    const remembered = async (): Promise<number> => (await new TableConversationStore(conversationTable, { instance: randomUUID(), clock: systemClock }).load(conversation, person)).history.length;

    await at(29);
    assert.equal(await remembered(), 1);
    assert.deepEqual(await answers.find(conversation, said.activityId), said);
    await at(31);
    assert.equal(await remembered(), 0);
    assert.equal(await answers.find(conversation, said.activityId), undefined);
    assert.ok((await approvals.read(settled.reference)) !== undefined, 'a request went with the conversation');
    await at(179);
    assert.ok((await approvals.read(settled.reference)) !== undefined, 'too early');
    await at(181);
    assert.equal(await approvals.read(settled.reference), undefined);
    assert.equal(await approvals.lastDone(place.conversationId, settled.requester), undefined);
    // Whatever their age: one still waits, and of the other nobody knows what became of it.
    for (const record of [open, doubtful]) assert.ok((await approvals.read(record.reference)) !== undefined, `${record.state} was taken away`);
    assert.equal(await at(181), 0, 'there was something left');
  });

  it('leaves a row alone that was written since it was read', async () => {
    const { conversations } = await tablesOf();
    const key = `memory:${randomUUID()}`;
    await conversations.insert('p', key, { a: 1 });
    /** Somebody writes between the reading and the removal. */
    const some: Table['some'] = async (filter, most) => {
      const rows = await conversations.some(filter, most);
      await conversations.upsert('p', key, { a: 2 });
      return rows;
    };
    const none = { some: async () => [] } as unknown as Table;
    const slow = { some, remove: (...row: Parameters<Table['remove']>) => conversations.remove(...row) } as unknown as Table;
    await new Retention({ answers: none, approvals: none, conversations: slow }, { conversationDays: 30, approvalDays: 180 }, later(31)).sweep();
    assert.equal((await conversations.read('p', key))?.properties.get('a'), 2n);
    await conversations.remove('p', key);
  });
});
