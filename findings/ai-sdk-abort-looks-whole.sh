#!/usr/bin/env bash
# ai 7.0.173: a UI message stream that says `abort` ends like a whole answer in useChat's chat.
#
# The guess: the documented `abort` part ("Indicates the stream was aborted") is told to the page, as `isAbort` of
# `onFinish` or as an error. Seen: the chat does not look at it. The status is "ready", `isAbort` and `isError` are false,
# and `sendAutomaticallyWhen` may go on with the half answer. What the chat does look at is the finish reason of a
# `finish` part behind it: with "interrupted" nothing is sent by itself. `isAbort` means that the page itself stopped.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ai@7.0.173
cat >check.mjs <<'JS'
import { AbstractChat, DefaultChatTransport } from 'ai';
class State {
  status = 'ready';
  messages = [];
  pushMessage = (message) => this.messages.push(message);
  popMessage = () => this.messages.pop();
  replaceMessage = (index, message) => (this.messages[index] = message);
  snapshot = (thing) => structuredClone(thing);
}
class Chat extends AbstractChat {
  constructor(init) {
    super({ ...init, state: new State() });
  }
}
const begin = [
  { type: 'start', messageId: 'm' },
  { type: 'text-start', id: 't' },
  { type: 'text-delta', id: 't', delta: 'Half an ans' },
  { type: 'text-end', id: 't' },
  { type: 'abort', reason: 'somebody stopped the run' },
];
const told = async (...end) => {
  const body = [...begin, ...end].map((part) => `data: ${JSON.stringify(part)}\n\n`).join('') + 'data: [DONE]\n\n';
  let seen;
  let sent = 0;
  const chat = new Chat({
    transport: new DefaultChatTransport({ api: 'http://a.example', fetch: async () => new Response(body) }),
    onFinish: ({ isAbort, isError, finishReason = null }) => (seen = { isAbort, isError, finishReason }),
    sendAutomaticallyWhen: () => sent++ === 0,
  });
  await chat.sendMessage({ text: 'Hi' });
  return { ...seen, status: chat.status, goesOnByItself: sent > 1 };
};
const plain = await told();
const interrupted = await told({ type: 'finish', finishReason: 'interrupted' });
console.log('ai 7.0.173', JSON.stringify({ plain, interrupted }));
const isAsSeen =
  plain.status === 'ready' && !plain.isAbort && !plain.isError && plain.goesOnByItself && !interrupted.goesOnByItself;
process.exit(isAsSeen ? 0 : 1);
JS
node check.mjs
