import type { JsonObject, Message, Turn } from '#libs/contract';
import type { HistoryReader } from '#libs/history';
import { noCallOf, strayResults } from '#libs/protocols';

/** Ids of calls that came before a request; asked for only while a result has not found its call. */
export type EarlierCalls = () => Promise<readonly string[]>;

/**
 * Throws GatewayError `invalid_request` for a result that answers no call, neither of these messages nor of what came
 * before them: the model would never hear of it. `earlier` are looked through in their order, the cheapest first.
 */
export async function assertCallsOf(messages: readonly Message[], earlier: readonly EarlierCalls[]): Promise<void> {
  let missing = strayResults(messages);
  for (const calls of earlier) {
    if (missing.length === 0) return;
    const known = new Set(await calls());
    missing = missing.filter((callId) => !known.has(callId));
  }
  if (missing[0] !== undefined) throw noCallOf(missing[0]);
}

/** The calls of a run nearly always, else of those before it as well. They reject as the reader does. */
export function callsOfChain(history: HistoryReader, runId: string): readonly EarlierCalls[] {
  return [
    async () => {
      const turn = await history.turn(runId);
      return turn ? callsOfTurn(turn) : [];
    },
    async () => (await history.turns(runId)).flatMap(callsOfTurn),
  ];
}

export const callsOfItems = (items: readonly JsonObject[]): EarlierCalls => {
  return async () => items.flatMap(({ type, call_id }) => (type === 'function_call' ? [String(call_id)] : []));
};

/** Also those that were cut off: the client was told of them, and whoever answers one made no mistake. */
function callsOfTurn({ input, snapshot }: Turn): string[] {
  const given = (input?.messages ?? []).flatMap((message) => (message.role === 'assistant' ? message.toolCalls : []));
  const made = snapshot.items.filter((item) => item.type === 'tool_call');
  return [...given, ...made].map(({ callId }) => callId);
}
