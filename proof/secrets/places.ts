/** Where internal ids may stand in what Steward stores, and nowhere else. */
import type { StoredRow } from './stage.ts';

/**
 * A row without what may hold ids: the handles of a conversation, which are the handle table; requests, which must know whom
 * they are about when they are carried out; and where a message can be sent (tenant and bot), which Bot Framework asks for.
 */
export function withoutPlaces({ properties, table, text }: StoredRow): string {
  if (table === 'approvals') return '';
  const json = Object.keys(properties).filter((name) => /^json\d+$/.test(name)).sort((one, other) => Number(one.slice(4)) - Number(other.slice(4))).map((name) => properties[name]).join('');
  if (json === '') return text;
  const rest = Object.fromEntries(Object.entries(properties).filter(([name]) => !/^json\d+$/.test(name)));
  return JSON.stringify([rest, stripped(JSON.parse(json), table === 'conversations')]);
}

function stripped(value: unknown, isConversation: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => stripped(each, isConversation));
  if (typeof value !== 'object' || value === null) return value;
  const isPlace = 'serviceUrl' in value && 'conversationId' in value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => {
      if (isConversation && name === 'handles') return [];
      if (isPlace && (name === 'tenantId' || name === 'botId')) return [];
      return [[name, stripped(field, isConversation)]];
    }),
  );
}
