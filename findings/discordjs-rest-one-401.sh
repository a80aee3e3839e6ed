#!/usr/bin/env bash
# @discordjs/rest 2.6.3: after one answer 401 the client makes no request any more.
#
# The guess: an answer concerns the request that it answers. A 401 that a proxy gave while it was restarted, or Discord
# during an incident, is over with the next request; a token that was really revoked is told by each answer.
# Seen: the client forgets its token at the first 401. Every later request, on every route, throws before anything is
# sent ("Expected token to be set for this request, but none was present"), an error that is none of the client's own
# classes and has no status. A bot is silent until somebody restarts it, unless it calls `setToken` after each 401.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent --ignore-scripts @discordjs/rest@2.6.3
cat >check.mjs <<'JS'
import { createServer } from 'node:http';
import { REST } from '@discordjs/rest';
let requests = 0;
const server = createServer((_request, response) => {
  response.writeHead(++requests === 1 ? 401 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(requests === 1 ? { code: 0, message: '401: Unauthorized' } : { id: '1' }));
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const rest = new REST({ api: `http://127.0.0.1:${server.address().port}/api`, retries: 0 }).setToken('t');
const ask = (route) =>
  rest.get(route).then(
    () => 'fine',
    (error) => `${error.constructor.name} ${error.status ?? '-'}`,
  );
const seen = [await ask('/users/@me'), await ask('/users/@me'), await ask('/channels/1')];
rest.setToken('t');
seen.push(await ask('/users/@me'));
console.log('@discordjs/rest 2.6.3', JSON.stringify({ seen, requests }));
process.exit(seen.join() === 'DiscordAPIError 401,Error -,Error -,fine' && requests === 2 ? 0 : 1);
JS
node check.mjs
