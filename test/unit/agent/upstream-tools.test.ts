import { foldAll, outputText, type ModelEvent } from '#libs/contract';
import { runsProtocol } from '#libs/protocols';
import { checkLog } from '../../support/event-grammar.js';
import { attempt, says, scriptedProvider } from '../../support/agent-lab.js';
import { protocolNamed } from '../../support/chat-request.js';
import { runSpec } from '../../support/run-spec.js';
import { transcript } from '../../support/transcript.js';

/** Tools that the upstream runs, on their way from its events to the run's log and to the protocols. */
const begins = (callId: string, about = 'athens'): ModelEvent => ({ type: 'own_tool', callId, name: 'search', about });
const ends = (callId: string, more: object = {}): ModelEvent => ({
  type: 'own_tool_end',
  callId,
  isError: false,
  ...more,
});

const run = async (...events: ModelEvent[]) => {
  const { log } = await attempt({ spec: runSpec(), provider: scriptedProvider(() => events) });
  expect(checkLog(log)).toEqual([]);
  return log;
};

test('they are server calls of the run, and what is said behind them begins another step', async () => {
  const log = await run(
    says.text('Let me see.'),
    begins('c1'),
    begins('c2', 'rome'),
    { type: 'own_tool_progress', callId: 'c2', text: 'half' },
    ends('c2', { output: '20 degrees', durationMs: 7 }),
    ends('c1', { isError: true }),
    says.text('Warm.'),
    says.end(),
  );
  const snapshot = foldAll(log);
  expect(snapshot).toMatchObject({ status: 'completed', usage: { inputTokens: 5, outputTokens: 3 } });
  expect(snapshot.steps.map(({ step, finishReason, upstream }) => [step, finishReason, upstream])).toEqual([
    [1, 'tool_calls', 'lab'],
    [2, 'stop', 'lab'],
  ]);
  expect(outputText(snapshot)).toBe('Let me see.\n\nWarm.');
  expect(snapshot.items.filter(({ type }) => type === 'tool_call')).toMatchObject([
    { callId: 'c1', name: 'search', arguments: '{"about":"athens"}', executedBy: 'server', isError: true },
    { callId: 'c2', output: '20 degrees', isError: false, durationMs: 7 },
  ]);
  expect(log.some((event) => event.type === 'tool.progress' && event.text === 'half')).toBe(true);
});

test('one whose end is not told ends with the next word; its late end is dropped, and a run may end with tools', async () => {
  const log = await run(begins('c1'), says.text('So.'), ends('c1'), begins('c2'), says.end());
  const calls = foldAll(log).items.filter(({ type }) => type === 'tool_call');
  expect(calls).toHaveLength(2);
  expect(calls).toMatchObject([
    { isError: false, output: expect.stringContaining('does not tell') },
    { isError: false, output: expect.stringContaining('does not tell') },
  ]);
  expect(foldAll(log)).toMatchObject({ status: 'completed', finishReason: 'stop' });
});

test('a call of the caller beside them ends the run with that call alone to be made', async () => {
  const tool = { name: 'lookup', parameters: { type: 'object' } };
  const provider = scriptedProvider(() => [begins('c1'), ends('c1'), ...says.call('c2', 'lookup', '{}'), says.end()]);
  const { log } = await attempt({ spec: runSpec({ tools: [tool] }), provider });
  expect(checkLog(log)).toEqual([]);
  expect(foldAll(log)).toMatchObject({ status: 'completed', finishReason: 'tool_calls' });
});

test('every protocol shows them as tools of the server', async () => {
  const log = await run(
    says.text('One.'),
    begins('c1'),
    begins('c2'),
    ends('c2'),
    ends('c1'),
    says.text('Two.'),
    says.end(),
  );
  const chat = transcript(protocolNamed('openai-chat'), log);
  expect(chat.match(/hermes\.tool\.progress/g)).toHaveLength(4);
  expect(chat).toContain('"label":"athens"');
  expect(chat).not.toContain('"tool_calls":[');
  const messages = transcript(protocolNamed('anthropic-messages'), log);
  expect(messages.match(/"type":"mcp_tool_use"/g)).toHaveLength(2);
  expect(messages.match(/"type":"mcp_tool_result"/g)).toHaveLength(2);
  const responses = transcript(protocolNamed('openai-responses'), log);
  expect(responses.match(/event: response.completed/g)).toHaveLength(1);
  expect(transcript(runsProtocol, log).match(/"event":"tool.completed"/g)).toHaveLength(2);
});
