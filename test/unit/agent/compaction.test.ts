import { foldAll, GatewayError, outputText, turnOf, type ModelRequest, type RunSpec } from '#libs/contract';
import { joinConversation } from '#libs/history';
import { itemsToMessages, responseObject } from '#libs/protocols';
import { attempt, says, scriptedProvider } from '../../support/agent-lab.js';
import { protocolNamed } from '../../support/chat-request.js';
import { readResponses } from '../../support/responses-grammar.js';
import { decodeResponses } from '../../support/responses-request.js';
import { runSpec } from '../../support/run-spec.js';
import { transcript } from '../../support/transcript.js';

/** `context_management`: a conversation that is too long is summed up before the model goes on. */
const LONG = 'word '.repeat(2_000);
const history = [
  { role: 'user', content: `First: ${LONG}` },
  { role: 'assistant', content: 'Noted.' },
  { role: 'user', content: 'What now?' },
];
const context_management = [{ type: 'compaction', compact_threshold: 1_000 }];

function specOf(body: object): RunSpec {
  const { messages, compaction } = decodeResponses({ input: history, ...body });
  return { ...runSpec(), protocol: 'openai-responses', messages, ...(compaction && { compaction }) };
}

const isTask = ({ messages }: ModelRequest): boolean =>
  JSON.stringify(messages.at(-1)).includes('Write only the notes');

test('the summary is an item in front of the answer, and stands for what came before', async () => {
  const provider = scriptedProvider((request) =>
    isTask(request) ? [says.text('THE NOTES'), says.end()] : [says.text('Go on.'), says.end()],
  );
  const { log, end } = await attempt({ spec: specOf({ context_management }), provider });
  expect(end).toMatchObject({ type: 'run.completed', finishReason: 'stop' });
  expect(provider.asked).toHaveLength(2);
  expect(provider.asked[0]?.toolChoice).toEqual({ kind: 'none' });
  const kept = [{ role: 'user', content: expect.stringContaining('THE NOTES') as unknown }, history[2]];
  expect(provider.asked[1]?.messages).toEqual(kept);
  const snapshot = foldAll(log);
  expect(outputText(snapshot)).toBe('Go on.');
  const { response } = readResponses(transcript(protocolNamed('openai-responses'), log));
  const whole = JSON.parse(JSON.stringify(responseObject(snapshot))) as { output: { type: string }[] };
  expect(response).toEqual(whole);
  expect(whole.output.map(({ type }) => type)).toEqual(['compaction', 'message']);
  // Both ways to continue: the chain, and the items that a client keeps itself.
  const answer = { role: 'assistant', text: 'Go on.', toolCalls: [] };
  const next = { role: 'user', content: 'And then?' } as const;
  const turn = turnOf(snapshot, { messages: specOf({}).messages });
  expect(joinConversation([turn], [next])).toEqual([...kept, answer, next]);
  const items = [...history.map((message) => ({ type: 'message', ...message })), ...whole.output];
  expect(itemsToMessages(items)).toEqual([...kept, answer]);
});

test('a conversation within the bound stays as it is', async () => {
  const provider = scriptedProvider(() => [says.text('Go on.'), says.end()]);
  const edits = [{ type: 'compaction', compact_threshold: 100_000 }];
  await attempt({ spec: specOf({ context_management: edits }), provider });
  expect(provider.asked).toHaveLength(1);
});

test('a loop is compacted between two steps, its last question kept', async () => {
  const provider = scriptedProvider((request) => {
    if (isTask(request)) return [says.text('THE NOTES'), says.end()];
    const hasCalled = JSON.stringify(request.messages).includes('THE NOTES');
    return hasCalled
      ? [says.text('Done.'), says.end()]
      : [...says.call('call_1', 'read', '{"a":1}'), says.end('tool_calls')];
  });
  const fields = { description: 'e', parameters: { type: 'object' }, idempotent: true, approval: 'never' } as const;
  const read = { name: 'read', ...fields, execute: async () => ({ output: LONG }) };
  const spec = { ...specOf({ context_management, input: 'Read it.' }) };
  const { log } = await attempt({ spec, provider, tools: [read] });
  expect(outputText(foldAll(log))).toBe('Done.');
  expect(provider.asked.at(-1)?.messages.map(({ role }) => role)).toEqual(['user', 'user']);
  const { output } = responseObject(foldAll(log)) as unknown as { output: { type: string }[] };
  expect(output.map(({ type }) => type).at(-2)).toBe('compaction');
});

test.each<[string, () => unknown]>([
  ['is cut off', () => [says.text('half'), says.end('length')]],
  ['is empty', () => [says.end()]],
  [
    'fails',
    () => {
      throw new GatewayError('upstream_refused', 'no');
    },
  ],
])('a summary that %s is given up, and the run goes on with everything', async (what, answer) => {
  const provider = scriptedProvider((request) =>
    isTask(request) ? (answer() as ReturnType<typeof says.call>) : [says.text('Go on.'), says.end()],
  );
  const { log, end } = await attempt({ spec: specOf({ context_management }), provider });
  expect(end).toMatchObject({ type: 'run.completed' });
  expect(provider.asked.at(-1)?.messages).toEqual(specOf({}).messages);
  const { steps, usage } = foldAll(log);
  expect(steps).toHaveLength(1);
  // What its upstream counted for the summary was spent all the same.
  const answers = what === 'fails' ? 1 : 2;
  expect(usage).toMatchObject({ inputTokens: answers * 5, outputTokens: answers * 3 });
});

test('a bound of the model, where the settings know its window; else one for all models', async () => {
  const edits = [{ type: 'compaction' }];
  const { compaction, leftOut } = decodeResponses({ input: 'Hi', context_management: edits });
  expect(compaction).toMatchObject({ above: 100_000, share: 0.8 });
  expect(leftOut).toBeUndefined();
  expect(
    decodeResponses({ input: 'Hi', context_management: [{ ...edits[0], compact_threshold: null }] }),
  ).toMatchObject({
    compaction: { share: 0.8 },
  });
  const asks = async (contextTokens?: number): Promise<number> => {
    const provider = scriptedProvider((request) =>
      isTask(request) ? [says.text('THE NOTES'), says.end()] : [says.text('Go on.'), says.end()],
    );
    const spec = specOf({ context_management: edits });
    await attempt({ spec, provider, ...(contextTokens !== undefined && { contextTokens }) });
    return provider.asked.length;
  };
  // The conversation is estimated at about 2,500 tokens.
  expect(await asks()).toBe(1);
  expect(await asks(10_000)).toBe(1);
  expect(await asks(3_000)).toBe(2);
});

test('a worker that takes over goes on behind the summary', async () => {
  const provider = scriptedProvider((request) =>
    isTask(request) ? [says.text('THE NOTES'), says.end()] : [says.text('Go on.'), says.end()],
  );
  const { log } = await attempt({ spec: specOf({ context_management }), provider });
  const at = log.findIndex(({ type }) => type === 'step.completed');
  const again = await attempt({ spec: specOf({ context_management }), provider }, log.slice(0, at + 1));
  expect(again.end).toMatchObject({ type: 'run.completed' });
  expect(provider.asked.filter(isTask)).toHaveLength(1);
});

test('what the field may hold', () => {
  const decode = (edits: unknown) => decodeResponses({ input: 'Hi', context_management: edits });
  expect(decode([{ type: 'clear' }, { type: 'compaction' }]).leftOut).toEqual(['context_management.clear']);
  expect(() => decode([{ type: 'compaction', compact_threshold: 10 }])).toThrow(
    'context_management[0].compact_threshold',
  );
  expect(() => decode([{}])).toThrow('context_management[0].type');
});
