#!/usr/bin/env bash
# @langchain/anthropic 1.5.11: an image in the older standard form is sent twice, the second time as image/jpeg.
#
# The guess: `{type: "image", source_type: "base64", mime_type, data}`, a standard data block of @langchain/core that its
# types still have, becomes one image block, as the newer `{type: "image", mimeType, data}` does. Seen: one block becomes
# two with the same bytes, and the second says `image/jpeg` whatever `mime_type` says. The model sees the picture twice and
# the caller pays for it twice; a server that compares the bytes of the PNG with that type refuses the request.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent --ignore-scripts @langchain/anthropic@1.5.11 @langchain/core@1.4.0
cat >check.mjs <<'JS'
import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage } from '@langchain/core/messages';
const data = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const usage = { input_tokens: 1, output_tokens: 1 };
const reply = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn', usage };
let sent;
const fetch = async (url, { body }) => {
  sent = JSON.parse(body).messages[0].content;
  const message = { ...reply, stop_sequence: null, content: [{ type: 'text', text: 'A dot.' }] };
  return new Response(JSON.stringify(message), { headers: { 'content-type': 'application/json' } });
};
const model = new ChatAnthropic({ model: 'm', apiKey: 'none', maxRetries: 0, clientOptions: { fetch } });
const typesWith = async (image) => {
  await model.invoke([new HumanMessage({ content: [{ type: 'text', text: 'What is it?' }, image] })]);
  return sent.filter(({ type, source }) => type === 'image' && source.data === data).map((one) => one.source.media_type);
};
const seen = {
  older: await typesWith({ type: 'image', source_type: 'base64', mime_type: 'image/png', data }),
  newer: await typesWith({ type: 'image', mimeType: 'image/png', data }),
};
console.log('@langchain/anthropic 1.5.11', JSON.stringify(seen));
const expected = { older: ['image/png', 'image/jpeg'], newer: ['image/png'] };
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
JS
node check.mjs
