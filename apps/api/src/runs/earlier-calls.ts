import type { JsonObject, Message, Turn } from '#libs/contract';
import type { HistoryReader } from '#libs/history';
import { noCallOf, strayResults } from '#libs/protocols';

/** Ids of calls before a request. Only read while a result has not found its call. */
export type EarlierCalls = () => Promise<readonly string[]>;

/**
 * Throws GatewayError `invalid_request` for a result that answers no call, neither one of these messages nor an earlier
 * one, because the model would never read it. `earlier` is searched in order, the cheapest source first.
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

/** The calls of a run, which nearly always suffice, else those of the runs before it. They reject like the reader. */
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

/** Includes calls that were cut off: the client saw them, so answering one is not a mistake. */
function callsOfTurn({ input, snapshot }: Turn): string[] {
  const given = (input?.messages ?? []).flatMap((message) => (message.role === 'assistant' ? message.toolCalls : []));
  const made = snapshot.items.filter((item) => item.type === 'tool_call');
  return [...given, ...made].map(({ callId }) => callId);
}
