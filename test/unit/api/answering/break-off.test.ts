import { GatewayError, queuedEvent, type LoggedEvent } from '#libs/contract';
import { openaiResponses, PROTOCOLS, runsEncoder } from '#libs/protocols';
import type { EventStream } from '../../../../apps/api/src/answering/event-stream.js';
import { Relay, type Encoder } from '../../../../apps/api/src/answering/relay.js';
import { runSpec } from '../../../support/run-spec.js';

/** What a client has been told when the process that serves it can no longer follow the run, which goes on. */
async function told<S>(encoder: Encoder<S>, cause: unknown): Promise<{ before: string; after: string }> {
  let text = '';
  const stream = { add: (frame: string) => void (text += frame), flush: () => undefined } as unknown as EventStream;
  const relay = new Relay(encoder, stream, 0);
  const head: LoggedEvent = { ...queuedEvent(runSpec()), seq: 1 };
  await relay.take([
    head,
    { seq: 2, at: 2, type: 'run.started', attempt: 1, worker: 'w' },
    { seq: 3, at: 3, type: 'text.delta', step: 1, text: 'half' },
  ]);
  const before = text;
  text = '';
  await relay.fail(cause);
  return { before, after: text };
}

const away = new GatewayError('queue_unavailable', 'The run queue is not available.');
const lost = new GatewayError('run_log_lost', 'The events of this run were lost.');

test('a listener of a run hears no end that is not one, and no id that a real event will have', async () => {
  const { before, after } = await told(runsEncoder, away);
  expect(before).toContain('half');
  expect(after).toBe('');
  expect((await told(runsEncoder, lost)).after).toContain('run.failed');
});

test('a Responses stream says that it failed, and nothing of its response', async () => {
  const { after } = await told(openaiResponses as Encoder<unknown>, away);
  expect(after).toContain('event: error');
  expect(after).not.toContain('response.failed');
  expect((await told(openaiResponses as Encoder<unknown>, lost)).after).toContain('response.failed');
});

test('a chat ends with an error frame: there is nothing to take up again', async () => {
  const chat = PROTOCOLS.find(({ name }) => name === 'openai-chat');
  expect((await told(chat as Encoder<unknown>, away)).after).toContain('"error"');
});
