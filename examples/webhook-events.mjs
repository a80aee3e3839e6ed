// Receives what the gateway tells webhooks (docs/webhooks.md), checks the signatures, and prints what happened:
//   WEBHOOK_TARGET_SECRET=whsec_... PORT=8790 node examples/webhook-events.mjs
// The secret is the one that POST /v1/webhooks has answered.
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const { WEBHOOK_TARGET_SECRET = '', PORT = '8790' } = process.env;
const webhook = new Webhook(WEBHOOK_TARGET_SECRET);
const BODY_BYTES_MAX = 1_000_000;

/** The same event may come twice: its id says so. The newest ids are enough, because repetitions end within a day. */
const seen = new Set();
const SEEN_MAX = 10_000;

const server = createServer((request, response) => {
  receive(request).then(
    (status) => response.writeHead(status).end(),
    (cause) => {
      console.error(cause.message);
      // Not 2xx: it comes again.
      response.writeHead(500).end();
    },
  );
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));

async function receive(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return 413;
    chunks.push(chunk);
  }
  let event;
  try {
    // The signature is over the bytes as they came, and the time in it may be five minutes off at most.
    event = webhook.verify(Buffer.concat(chunks), request.headers);
  } catch {
    return 401;
  }
  const id = request.headers['webhook-id'];
  if (seen.has(id)) return 204;
  console.log(event.type, event.data.run_id ?? '');
  seen.add(id);
  if (seen.size > SEEN_MAX) seen.delete(seen.values().next().value);
  return 204;
}
