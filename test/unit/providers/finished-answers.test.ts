import type { ModelEvent } from '#libs/contract';
import { jest } from '@jest/globals';
import type { Dispatcher } from 'undici';
import { ChatTranslator } from '../../../libs/providers/src/openai/chat-translator.js';
import { AnswerBody } from '../../../libs/providers/src/upstream/answers/answer-body.js';
import { UPSTREAM_LIMITS } from '../../../libs/providers/src/upstream/limits.js';
import { readAnswer } from '../../../libs/providers/src/upstream/read-answer.js';
import { question } from '../../support/model-lab.js';

const UPSTREAM = { name: 'lab', apiKey: undefined };
const FINISHED = 'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n';
const STEP_MS = 50;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** An answer whose socket stays open until we close it. */
function openAnswer() {
  const socket = { closedBy: undefined as Error | undefined };
  const nothing = (): void => undefined;
  const abort = (cause: Error): void => {
    socket.closedBy = cause;
    body.finish(cause);
  };
  const controller = { pause: nothing, resume: nothing, abort };
  const body = new AnswerBody(controller as unknown as Dispatcher.DispatchController);
  const feed = readAnswer(body, new ChatTranslator(question('m'), UPSTREAM), UPSTREAM);
  const isOpen = (): boolean => socket.closedBy === undefined;
  /** Keeps sending comments. @returns for how long it could, `limitMs` at most. */
  const chatter = (limitMs: number): number => {
    let ms = 0;
    for (; ms < limitMs && isOpen(); ms += STEP_MS) {
      body.push(Buffer.from(': p\n\n'));
      jest.advanceTimersByTime(STEP_MS);
    }
    return ms;
  };
  return { body, feed, isOpen, chatter };
}

test('an upstream that has finished cannot hold the answer open by sending comments', async () => {
  const { body, feed, chatter } = openAnswer();
  body.push(Buffer.from(FINISHED));
  expect(chatter(60_000)).toBeLessThanOrEqual(UPSTREAM_LIMITS.finishedGraceMs + STEP_MS);
  const events: ModelEvent[] = [];
  for (let next = await feed.next(); !next.done; next = await feed.next()) events.push(next.value);
  expect(events.map(({ type }) => type)).toEqual(['text', 'end']);
});

test.each([
  ['shortens the time', 1_000, UPSTREAM_LIMITS.doneGraceMs],
  ['does not lengthen it', UPSTREAM_LIMITS.finishedGraceMs - STEP_MS, STEP_MS],
])('the last word %s', (_, beforeMs, leftMs) => {
  const { body, chatter, isOpen } = openAnswer();
  body.push(Buffer.from(FINISHED));
  expect(chatter(beforeMs)).toBe(beforeMs);
  body.push(Buffer.from('data: [DONE]\n\n'));
  expect(isOpen()).toBe(true);
  expect(chatter(60_000)).toBe(leftMs);
});

test('usage that follows within the time counts', async () => {
  const { body, feed, chatter } = openAnswer();
  body.push(Buffer.from(FINISHED));
  chatter(1_000);
  body.push(Buffer.from('data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'));
  chatter(60_000);
  await feed.next();
  expect((await feed.next()).value).toMatchObject({ type: 'end', usage: { inputTokens: 3, outputTokens: 2 } });
});

test('an upstream that puts a finish reason on every chunk is heard to its end', async () => {
  const { body, feed, isOpen, chatter } = openAnswer();
  for (let i = 0; i < 5; i++) {
    body.push(Buffer.from(FINISHED));
    expect(chatter(UPSTREAM_LIMITS.finishedGraceMs - STEP_MS)).toBe(UPSTREAM_LIMITS.finishedGraceMs - STEP_MS);
  }
  expect(isOpen()).toBe(true);
  body.push(Buffer.from('data: [DONE]\n\n'));
  expect(chatter(60_000)).toBe(UPSTREAM_LIMITS.doneGraceMs);
  const texts: string[] = [];
  for (let next = await feed.next(); !next.done; next = await feed.next()) {
    if (next.value.type === 'text') texts.push(next.value.text);
  }
  expect(texts.join('')).toBe('xxxxx');
});
