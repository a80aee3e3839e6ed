#!/usr/bin/env bash
# @ai-sdk/openai 4.0.118: a Responses stream that ends with `response.incomplete` and no `incomplete_details` is a plain "stop".
#
# The guess: the event's own name says that the answer is not whole, whatever its details say, and so does the status
# `cancelled` of its response. Seen: only `incomplete_details.reason` is read. Without it the finish reason is "stop", the
# same as for `response.completed`, so a cancelled answer looks finished to the caller; `response.failed` with an error is
# told as "error".
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent @ai-sdk/openai@4.0.118
cat >check.mjs <<'JS'
import { createOpenAI } from '@ai-sdk/openai';
const base = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', output: [], service_tier: null };
const usage = { input_tokens: 1, output_tokens: 1 };
const message = (content) => ({ type: 'message', id: 'msg_1', role: 'assistant', content });
const body = (type, fields) =>
  [
    { type: 'response.created', response: { ...base, status: 'in_progress' } },
    { type: 'response.output_item.added', output_index: 0, item: message([]) },
    { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'Half an ans' },
    { type: 'response.output_item.done', output_index: 0, item: message([]) },
    { type, response: { ...base, usage, ...fields } },
  ]
    .map((event, i) => `data: ${JSON.stringify({ sequence_number: i, ...event })}\n\n`)
    .join('');
const finishOf = async (type, fields) => {
  const answer = () => new Response(body(type, fields), { headers: { 'content-type': 'text/event-stream' } });
  const model = createOpenAI({ apiKey: 'none', fetch: async () => answer() }).responses('m');
  const { stream } = await model.doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] });
  let finish;
  for await (const part of stream) if (part.type === 'finish') finish = part.finishReason;
  return finish?.unified ?? finish;
};
const error = { code: 'invalid_prompt', message: 'The response was cancelled.' };
const seen = {
  completed: await finishOf('response.completed', { status: 'completed', incomplete_details: null }),
  cancelled: await finishOf('response.incomplete', { status: 'cancelled', incomplete_details: null }),
  failed: await finishOf('response.failed', { status: 'cancelled', incomplete_details: null, error }),
};
console.log('@ai-sdk/openai 4.0.118', JSON.stringify(seen));
process.exit(JSON.stringify(seen) === JSON.stringify({ completed: 'stop', cancelled: 'stop', failed: 'error' }) ? 0 : 1);
JS
node check.mjs
