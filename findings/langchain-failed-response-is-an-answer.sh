#!/usr/bin/env bash
# @langchain/openai 1.6.0: a Responses stream that ends with `response.failed` is a short answer, not an error.
#
# The guess: a stream whose last event says that the response failed, with an error in it, raises, or at least leaves the
# status in the message's metadata. Seen: the words before it are the whole message, nothing is raised, and nothing in the
# message tells of the error: it looks like a model that stopped there, so an agent takes half an answer of a failed run
# for the answer. An `error` event in its place does raise.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent --ignore-scripts @langchain/openai@1.6.0 @langchain/core@1.4.0
cat >check.mjs <<'JS'
import { ChatOpenAI } from '@langchain/openai';
const error = { code: 'server_error', message: 'The model broke off.' };
const base = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', incomplete_details: null, output: [] };
const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'in_progress', content: [] };
const part = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const text = { type: 'output_text', text: '', annotations: [] };
const bodyWith = (last) =>
  [
    { type: 'response.created', response: { ...base, status: 'in_progress', error: null } },
    { type: 'response.output_item.added', output_index: 0, item: message },
    { type: 'response.content_part.added', ...part, part: text },
    { type: 'response.output_text.delta', ...part, delta: 'Half an ans', logprobs: [] },
    last,
  ]
    .map((event, i) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: i })}\n\n`)
    .join('');
const outcomeOf = async (last) => {
  const fetch = async () => new Response(bodyWith(last), { headers: { 'content-type': 'text/event-stream' } });
  const settings = { model: 'm', apiKey: 'none', maxRetries: 0, useResponsesApi: true, configuration: { fetch } };
  let answer;
  try {
    for await (const chunk of await new ChatOpenAI(settings).stream('Hi')) {
      answer = answer ? answer.concat(chunk) : chunk;
    }
    return { text: answer.text, tellsError: /broke off|failed/.test(JSON.stringify(answer)) };
  } catch {
    return 'raised';
  }
};
const seen = {
  failed: await outcomeOf({ type: 'response.failed', response: { ...base, status: 'failed', error } }),
  error: await outcomeOf({ type: 'error', ...error, param: null }),
};
console.log('@langchain/openai 1.6.0', JSON.stringify(seen));
const expected = { failed: { text: 'Half an ans', tellsError: false }, error: 'raised' };
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
JS
node check.mjs
