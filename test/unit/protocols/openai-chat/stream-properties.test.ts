import fc from '../../../support/property.js';
import { foldAll, outputText, type JsonObject, type LoggedEvent, type RunSnapshot } from '#libs/contract';
import { protocolNamed } from '../../../support/chat-request.js';
import { readChat } from '../../../support/chat-stream.js';
import { eventLogs } from '../../../support/event-log.js';
import { transcript } from '../../../support/transcript.js';

const chat = protocolNamed('openai-chat');
const RUNS = { numRuns: 400 };

interface FinalMessage {
  readonly content: string | null;
  readonly refusal: string | null;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly { id: string; function: { name: string; arguments: string } }[];
}

function finalChoice(snapshot: RunSnapshot): { readonly message: FinalMessage; readonly finish_reason: string } {
  const [choice] = chat.final(snapshot)['choices'] as unknown as [{ message: FinalMessage; finish_reason: string }];
  return choice;
}

/** Whether a step was broken off after something of it had been sent: told from the fold, not from the encoder. */
function hasBrokenPromise(events: readonly LoggedEvent[]): boolean {
  const { items, echo } = foldAll(events);
  return items.some(
    (item) =>
      item.status === 'interrupted' &&
      (item.type === 'tool_call'
        ? item.executedBy === 'client'
        : item.type !== 'reasoning' &&
          (item.text !== '' ||
            (item.type === 'text' && item.image !== undefined) ||
            (echo['logprobs'] === true && item.logprobs !== undefined))),
  );
}

describe('the stream of any legal log', () => {
  test('keeps the rules, and ends with an error if and only if something went wrong', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const { error, finish } = readChat(transcript(chat, events));
        const { status } = foldAll(events);
        const isBroken = hasBrokenPromise(events) || status === 'failed' || status === 'cancelled';
        expect(error !== null).toBe(isBroken);
        expect(finish !== null).toBe(!isBroken);
      }),
      RUNS,
    );
  });

  test('says the same as the answer without streaming', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const read = readChat(transcript(chat, events));
        fc.pre(read.error === null);
        const snapshot = foldAll(events);
        const { message, finish_reason } = finalChoice(snapshot);
        expect(read.content).toBe(outputText(snapshot));
        expect(message.content ?? '').toBe(outputText(snapshot));
        expect(message.refusal ?? '').toBe(read.refusal);
        expect(finish_reason).toBe(read.finish);
        const calls = (message.tool_calls ?? []).map(({ id, function: fn }) => ({ id, ...fn }));
        expect(read.calls).toEqual(calls);
        if (finish_reason === 'tool_calls') expect(calls.length).toBeGreaterThan(0);
        const hasLoss = snapshot.steps.some((step) => step.status === 'interrupted');
        if (!hasLoss) expect(read.reasoning).toBe(message.reasoning_content ?? '');
      }),
      RUNS,
    );
  });

  test('the fragments of a whole call are its arguments', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const { calls } = readChat(transcript(chat, events));
        const ready = events.filter((event) => event.type === 'tool_call.ready' && event.executedBy === 'client');
        for (const event of ready) {
          if (event.type !== 'tool_call.ready') continue;
          const call = calls.find(({ id }) => id === event.callId);
          if (call) expect(call).toEqual({ id: event.callId, name: event.name, arguments: event.arguments });
        }
      }),
      RUNS,
    );
  });

  test('resumed anywhere it is the rest of the whole', () => {
    fc.assert(
      fc.property(eventLogs(), fc.nat(60), (events, after) => {
        const whole = transcript(chat, events);
        const spoken = transcript(chat, events.slice(0, after));
        expect(spoken + transcript(chat, events, after)).toBe(whole);
      }),
      RUNS,
    );
  });

  test('has usage where it was asked for, and nowhere else', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const { chunks, sideEvents, error } = readChat(transcript(chat, events));
        const { echo } = foldAll(events);
        const last = chunks.at(-1);
        const others = [...chunks.slice(0, -1), ...sideEvents];
        if (echo['includeUsage'] === true) {
          for (const chunk of others) expect(chunk['usage']).toBeNull();
          if (error === null) expect(last).toEqual(expect.objectContaining({ choices: [], usage: finalUsage(events) }));
        } else {
          for (const chunk of others) expect(chunk).not.toHaveProperty('usage');
          const onFinish = echo['usageOnFinish'] === true && error === null;
          expect(last?.['usage']).toEqual(onFinish ? finalUsage(events) : undefined);
        }
      }),
      RUNS,
    );
  });

  test('shows tools in pairs, and never internal ones', () => {
    fc.assert(
      fc.property(eventLogs(), (events) => {
        const { sideEvents, error } = readChat(transcript(chat, events));
        const idsOf = (status: string) =>
          sideEvents.filter((event) => event['status'] === status).map((event) => event['toolCallId'] as string);
        const begun = idsOf('running');
        expect(new Set(begun).size).toBe(begun.length);
        for (const id of idsOf('completed')) expect(begun).toContain(id);
        if (error === null) expect(idsOf('completed').sort()).toEqual(begun.sort());
        for (const event of sideEvents) expect(event['tool']).not.toBe('_internal');
      }),
      RUNS,
    );
  });
});

function finalUsage(events: readonly LoggedEvent[]): JsonObject {
  return chat.final(foldAll(events))['usage'] as JsonObject;
}
