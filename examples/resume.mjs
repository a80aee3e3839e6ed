// Join any call through its run, drop the connection, and go on where it was cut: node examples/resume.mjs
import { randomUUID } from 'node:crypto';

const base = process.env.TALARIA_URL ?? 'http://127.0.0.1:8642/v1';
const headers = {
  'content-type': 'application/json',
  ...(process.env.API_SERVER_KEY && { authorization: `Bearer ${process.env.API_SERVER_KEY}` }),
};

/** The frames of an SSE answer as { id, data }, until `stop` says so or the stream ends. */
async function* frames(response) {
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const line = (name) =>
        block
          .split('\n')
          .find((row) => row.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      if (line('data')) yield { id: line('id'), data: line('data') };
    }
  }
}

// The run goes on when we leave: X-On-Disconnect. The key makes a repeated POST the same run.
const chat = await fetch(`${base}/chat/completions`, {
  method: 'POST',
  headers: { ...headers, 'x-on-disconnect': 'continue', 'idempotency-key': randomUUID() },
  body: JSON.stringify({
    model: 'talaria',
    stream: true,
    messages: [{ role: 'user', content: 'Tell me about yourself.' }],
  }),
});
const runId = chat.headers.get('x-run-id');
await chat.body.cancel();
console.log(`left ${runId} at once`);

let last;
let words = '';
const leave = new AbortController();
const first = await fetch(`${base}/runs/${runId}/events`, { headers, signal: leave.signal });
for await (const { id, data } of frames(first)) {
  const event = JSON.parse(data);
  if (event.event === 'message.delta') words += event.delta;
  last = id;
  if (words.length > 20) break;
}
leave.abort();
console.log(`cut after ${last}`);

const second = await fetch(`${base}/runs/${runId}/events`, { headers: { ...headers, 'last-event-id': last } });
for await (const { data } of frames(second)) {
  const event = JSON.parse(data);
  if (event.event === 'message.delta') words += event.delta;
  if (event.event === 'run.completed') console.log(words === event.output ? 'nothing lost, nothing doubled' : 'WRONG');
}
