#!/usr/bin/env bash
# @discordjs/ws 2.0.4: a session that `updateSessionInfo` stored is one event ahead of what the program was given.
#
# The guess: the hooks `retrieveSessionInfo` and `updateSessionInfo` are there to keep a session in Redis, say, so that
# the next process resumes after a crash and Discord brings every event that this one was not given.
# Seen: the number of an event is stored, and awaited, before the event is emitted. A process that dies in between, or
# while it works on the event, resumes behind it: Discord brings it to nobody, and nothing tells of the loss. A program
# has to keep the number of the last event that it has safe by itself. `destroy()` without a code stores `null`,
# besides: a process that ends in good order throws its session away.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent --ignore-scripts @discordjs/ws@2.0.4 @discordjs/rest@2.6.3 ws@8.18.0
cat >check.mjs <<'JS'
import { createServer } from 'node:http';
import { REST } from '@discordjs/rest';
import { WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';
import { WebSocketServer } from 'ws';

const server = createServer((_request, response) => {
  const limit = { total: 9, remaining: 9, reset_after: 0, max_concurrency: 1 };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ url, shards: 1, session_start_limit: limit }));
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const { port } = server.address();
const url = `ws://127.0.0.1:${port}`;
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.send(JSON.stringify({ op: 10, d: { heartbeat_interval: 40_000 } }));
  socket.on('message', (data) => {
    if (JSON.parse(data).op !== 2) return;
    socket.send(JSON.stringify({ op: 0, t: 'READY', s: 1, d: { session_id: 's', resume_gateway_url: url } }));
    socket.send(JSON.stringify({ op: 0, t: 'MESSAGE_CREATE', s: 2, d: { id: '1' } }));
  });
});

let session = null;
const stored = [];
const order = [];
const manager = new WebSocketManager({
  token: 't',
  intents: 0,
  shardCount: 1,
  rest: new REST({ api: `http://127.0.0.1:${port}/api` }).setToken('t'),
  retrieveSessionInfo: () => session,
  updateSessionInfo: (_shard, next) => {
    session = next;
    stored.push(next?.sequence ?? null);
    if (next?.sequence === 2) order.push('stored 2');
  },
});
const given = new Promise((done) =>
  manager.on(WebSocketShardEvents.Dispatch, ({ s }) => s === 2 && done(order.push('given 2'))),
);
await manager.connect();
await given;
await manager.destroy();
console.log('@discordjs/ws 2.0.4', JSON.stringify({ order, last: stored.at(-1) }));
process.exit(order.join() === 'stored 2,given 2' && stored.at(-1) === null ? 0 : 1);
JS
node check.mjs
