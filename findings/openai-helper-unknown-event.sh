#!/usr/bin/env bash
# openai 6.49.0: the stream helper of Responses ends with an error at the first event type that it does not know.
#
# The guess: a client of server-sent events passes over types that are newer than itself, as the published API asks for.
# Seen: `client.responses.create({ stream: true })` gives such an event to the caller and goes on; the helper
# `client.responses.stream()` rejects with "Unhandled response stream event", and the whole answer is lost, although the
# stream goes on to `response.completed`. `keepalive` is the one type without a response in it that the helper takes.
# So a server may only send event types that the oldest client of its users knows, and signs of life must be `keepalive`.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent openai@6.49.0
cat >check.mjs <<'JS'
import OpenAI from 'openai';
const response = (status) => ({ id: 'resp_1', object: 'response', created_at: 1, status, model: 'm', output: [] });
const body = (middle) =>
  [
    { type: 'response.created', response: response('in_progress') },
    { type: 'response.in_progress', response: response('in_progress') },
    middle,
    { type: 'response.completed', response: response('completed') },
  ]
    .map((event, i) => `event: ${event.type}\ndata: ${JSON.stringify({ sequence_number: i, ...event })}\n\n`)
    .join('');
const client = (middle) =>
  new OpenAI({
    apiKey: 'none',
    maxRetries: 0,
    fetch: async () => new Response(body(middle), { headers: { 'content-type': 'text/event-stream' } }),
  });
const newer = { type: 'response.compaction.compacting', item_id: 'cmp_1', output_index: 0 };
const ask = { model: 'm', input: 'Hi' };
const raw = [];
for await (const event of await client(newer).responses.create({ ...ask, stream: true })) raw.push(event.type);
const helper = (middle) =>
  client(middle)
    .responses.stream(ask)
    .finalResponse()
    .then(
      (final) => final.status,
      (error) => error.message.split(':')[0],
    );
const seen = { raw: raw.length, newer: await helper(newer), keepalive: await helper({ type: 'keepalive' }) };
console.log('openai 6.49.0', JSON.stringify(seen));
const expected = { raw: 4, newer: 'Unhandled response stream event', keepalive: 'completed' };
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
JS
node check.mjs
