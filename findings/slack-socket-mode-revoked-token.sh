#!/usr/bin/env bash
# @slack/socket-mode 3.1.0: a token that is revoked while the client is connected ends the process.
#
# The guess: a client that connects again by itself tells of a failure by its events (`error`, `disconnected`), since
# nobody awaits what it does in the background.
# Seen: when Slack recycles a connection, as it does every few hours, and the token was revoked or the app uninstalled
# meanwhile, the promise of the new connection is rejected and has no handler: `unhandledRejection`, which ends a Node
# process by default. Listeners of `error` are not called, and there is no call of the program that it could catch. With
# `autoReconnectEnabled: false` and a client for each connection, `start()` rejects and can be caught.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent --ignore-scripts @slack/socket-mode@3.1.0 undici@7.30.2 ws@8.18.0
cat >check.mjs <<'JS'
import { createServer } from 'node:http';
import { SocketModeClient } from '@slack/socket-mode';
import { WebSocketServer } from 'ws';
let opened = 0;
const server = createServer((_request, response) => {
  const url = `ws://127.0.0.1:${server.address().port}/`;
  const answer = ++opened === 1 ? { ok: true, url } : { ok: false, error: 'invalid_auth' };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answer));
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.send(JSON.stringify({ type: 'hello' }));
  setTimeout(() => socket.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' })), 200);
});
const silent = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel: () => 'error', setName() {} };
const client = new SocketModeClient({
  appToken: 'xapp-1',
  logger: silent,
  clientPingTimeout: 300,
  clientOptions: { slackApiUrl: `http://127.0.0.1:${server.address().port}/api/` },
});
const told = [];
client.on('error', () => told.push('error'));
const unhandled = new Promise((done) => process.on('unhandledRejection', (cause) => done(String(cause.message))));
await client.start();
const seen = await Promise.race([unhandled, new Promise((done) => setTimeout(done, 10_000, 'nothing'))]);
console.log('@slack/socket-mode 3.1.0', JSON.stringify({ seen, told }));
process.exit(seen.includes('invalid_auth') && told.length === 0 ? 0 : 1);
JS
node check.mjs
