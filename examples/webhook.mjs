// Receives the results of cron jobs, checks their signatures, and passes them on to a chat with a body of its own:
//   WEBHOOK_SECRET=whsec_... KEY_NAME=default node examples/webhook.mjs
// SECRET is what an operator prints for one key (docs/jobs.md); else it is made of WEBHOOK_SECRET and KEY_NAME.
// RELAY_URL, when it is set, gets {"text": "..."}: Slack and Mattermost read that. RELAY_FIELD=content is for Discord.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const { WEBHOOK_SECRET = '', KEY_NAME = 'local', PORT = '8700', RELAY_URL, RELAY_FIELD = 'text' } = process.env;
const webhook = new Webhook(process.env.SECRET ?? secretOf(WEBHOOK_SECRET, KEY_NAME));
const BODY_BYTES_MAX = 5_000_000;
/** Chats refuse longer texts. */
const TEXT_CHARS_MAX = 1_900;

/** The same result may come twice: its id says so. The newest ids are enough, because repetitions end within a day. */
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
  let result;
  try {
    // The signature is over the bytes as they came, and the time in it may be five minutes off at most.
    result = webhook.verify(Buffer.concat(chunks), request.headers);
  } catch {
    return 401;
  }
  const id = request.headers['webhook-id'];
  if (seen.has(id)) return 204;
  const { job_name: name, status, output, error } = result.data;
  await relay(`${name}: ${status}\n${output ?? error?.message ?? ''}`);
  seen.add(id);
  if (seen.size > SEEN_MAX) seen.delete(seen.values().next().value);
  return 204;
}

async function relay(text) {
  console.log(text);
  if (!RELAY_URL) return;
  const body = JSON.stringify({ [RELAY_FIELD]: text.slice(0, TEXT_CHARS_MAX) });
  const answer = await fetch(RELAY_URL, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (!answer.ok) throw new Error(`the relay answered ${answer.status}`);
}

/** Each key signs with a secret of its own. */
function secretOf(whsec, keyName) {
  const key = Buffer.from(whsec.replace(/^whsec_/, ''), 'base64');
  return createHmac('sha256', key).update(`talaria-webhook:${keyName}`).digest('base64');
}
