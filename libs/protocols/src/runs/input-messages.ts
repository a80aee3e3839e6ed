import { isJsonObject, type JsonObject } from '#libs/contract';

/**
 * Items of `input` as Chat messages, which most of them already are. Bare strings, and messages without a role, are the
 * user's. The two items of a call in the Responses shape become the two messages of one call. Everything else stays
 * unchanged, for the rules of messages to check. Positions stay the same: item 3 is message 3.
 */
export function inputMessages(input: string | readonly unknown[]): readonly unknown[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  return input.map((item) => (typeof item === 'string' ? { role: 'user', content: item } : toMessage(item)));
}

function toMessage(item: unknown): unknown {
  if (!isJsonObject(item)) return item;
  switch (item['type']) {
    case 'function_call':
      return callMessage(item);
    case 'function_call_output':
      return { role: 'tool', tool_call_id: item['call_id'], content: item['output'] };
    default:
      return { ...item, role: item['role'] ?? 'user' };
  }
}

function callMessage({ call_id, name, arguments: args }: JsonObject): JsonObject {
  return { role: 'assistant', tool_calls: [{ id: call_id, type: 'function', function: { name, arguments: args } }] };
}
