#!/usr/bin/env bash
# @anthropic-ai/claude-code 2.1.332: a tool's result is lost when the id of its call is an earlier one plus `_` and digits.
#
# The guess: ids of calls are opaque, so `call_0` and `call_0_2` are two calls like any others; a server that has to make
# an id unique puts a number behind it. Seen: both tools run and the transcript shows both results, but the next request
# says "[Tool result missing due to internal error]" for `call_0_2`, with is_error, and the model goes on without it. With
# `call_0-2` in the place of `call_0_2` both results arrive. Nothing is printed, and the exit code is 0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
case "$(uname -m)" in x86_64) arch=x64 ;; aarch64 | arm64) arch=arm64 ;; esac
npm init -y >/dev/null
npm install --no-audit --no-fund --silent --ignore-scripts --force "@anthropic-ai/claude-code-linux-$arch@2.1.332"
cat >check.mjs <<'JS'
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
const events = (...list) => list.map((e) => `event: ${e.type}\ndata: ${JSON.stringify(e)}\n\n`).join('');
// Asks for `echo 0` and `echo 1`, one after the other, then says a word.
const answer = (ids, step, model) => {
  const isCall = step < 2;
  const input = JSON.stringify({ command: `echo ${step}`, description: 'Say a number' });
  const usage = { input_tokens: 1, output_tokens: 0 };
  const message = { id: `msg_${ids}_${step}`, type: 'message', role: 'assistant', model, content: [], usage };
  const call = { type: 'tool_use', id: ids[step], name: 'Bash', input: {} };
  return events(
    { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null } },
    { type: 'content_block_start', index: 0, content_block: isCall ? call : { type: 'text', text: '' } },
    {
      type: 'content_block_delta',
      index: 0,
      delta: isCall ? { type: 'input_json_delta', partial_json: input } : { type: 'text_delta', text: 'Done.' },
    },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: isCall ? 'tool_use' : 'end_turn', stop_sequence: null },
      usage: { output_tokens: 1 },
    },
    { type: 'message_stop' },
  );
};
async function resultsWith(...ids) {
  let seen = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    if (request.method !== 'POST' || !request.url.startsWith('/v1/messages?')) return response.writeHead(200).end();
    const { messages, model } = JSON.parse(Buffer.concat(parts));
    const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []));
    seen = blocks.filter(({ type }) => type === 'tool_result').map(({ content }) => content);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer(ids, seen.length, model));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const home = mkdtempSync(`${process.cwd()}/home-`);
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    ANTHROPIC_BASE_URL: `http://127.0.0.1:${server.address().port}`,
    ANTHROPIC_API_KEY: 'none',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    NO_PROXY: '127.0.0.1',
  };
  const args = ['-p', '--model', 'some-model', '--allowedTools', 'Bash', '--', 'Count to two.'];
  const child = spawn(process.env.CLAUDE, args, { cwd: home, env, stdio: 'ignore' });
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(timer);
  server.close();
  server.closeAllConnections();
  return { ids, code, results: seen };
}
const told = [await resultsWith('call_0', 'call_0_2'), await resultsWith('call_0', 'call_0-2')];
for (const one of told) console.log('claude-code 2.1.332', JSON.stringify(one));
const expected = [
  { ids: ['call_0', 'call_0_2'], code: 0, results: ['0', '[Tool result missing due to internal error]'] },
  { ids: ['call_0', 'call_0-2'], code: 0, results: ['0', '1'] },
];
process.exit(JSON.stringify(told) === JSON.stringify(expected) ? 0 : 1);
JS
CLAUDE="$dir/node_modules/@anthropic-ai/claude-code-linux-$arch/claude" node check.mjs
