import type { ToolChoice } from '#libs/contract';
import { withForcedCalls } from '../../../../../libs/providers/src/quirks/forced-text/forced-calls.js';
import { attempt, says, scriptedProvider } from '../../../../support/agent-lab.js';
import { checkLog } from '../../../../support/event-grammar.js';
import { runSpec } from '../../../../support/run-spec.js';

/** A model that answers with text, first with arguments, then with words. */
const writes = () =>
  withForcedCalls(
    scriptedProvider(({ messages }) =>
      messages.some(({ role }) => role === 'tool')
        ? [says.text('{"done":true}'), says.end()]
        : [says.text('{"q":'), says.text('1}'), says.end()],
    ),
  );
const parameters = { type: 'object', properties: { q: { type: 'number' } } };
const run = (toolChoice: ToolChoice) =>
  attempt({
    spec: runSpec({ toolChoice, tools: [{ name: 'mine', parameters }] }),
    provider: writes(),
    tools: [
      {
        ...{ name: 'ours', description: 'd', parameters, idempotent: true, approval: 'never' },
        execute: async (args) => ({ output: JSON.stringify(args) }),
      },
    ],
  });

test('a forced server tool is executed, and only the later text is text', async () => {
  const { log, end } = await run({ kind: 'named', name: 'ours' });
  expect(checkLog(log)).toEqual([]);
  expect(end).toEqual({ type: 'run.completed', finishReason: 'stop' });
  expect(log.filter(({ type }) => type === 'tool.completed')).toMatchObject([{ name: 'ours', output: '{"q":1}' }]);
  expect(log.flatMap((event) => (event.type === 'text.delta' ? [event.text] : []))).toEqual(['{"done":true}']);
});

test("a forced tool of the caller ends the run with the caller's turn", async () => {
  const { log, end } = await run({ kind: 'named', name: 'mine' });
  expect(checkLog(log)).toEqual([]);
  expect(end).toEqual({ type: 'run.completed', finishReason: 'tool_calls' });
  expect(log.find(({ type }) => type === 'tool_call.ready')).toMatchObject({ name: 'mine', arguments: '{"q":1}' });
});

test('nothing is held or converted when the model may answer with text', async () => {
  const { log, end } = await run({ kind: 'auto' });
  expect(end).toEqual({ type: 'run.completed', finishReason: 'stop' });
  expect(log.flatMap((event) => (event.type === 'text.delta' ? [event.text] : []))).toEqual(['{"q":', '1}']);
});
