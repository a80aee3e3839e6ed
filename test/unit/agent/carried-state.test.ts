import type { AssistantMessage, ModelEvent, ModelProvider, ModelRequest, Tool } from '#libs/contract';
import { attempt, says, scriptedProvider } from '../../support/agent-lab.js';
import { runSpec } from '../../support/run-spec.js';

/** What a model attached to a step goes back with it in the next one, to upstreams of the same kind alone. */
const extraContent = { google: { thought_signature: 's' } };
const seal = { form: 'anthropic', signature: 'sig' } as const;

const clock: Tool = {
  name: 'clock',
  description: 'Tells the time',
  parameters: { type: 'object' },
  idempotent: true,
  approval: 'never',
  execute: async () => ({ output: '12:00' }),
};

function thinker(carries: ModelProvider['carries']): ModelProvider & { asked: ModelRequest[] } {
  const provider = scriptedProvider(({ messages }): Iterable<ModelEvent> => {
    if (messages.at(-1)?.role === 'tool') return [says.text('done'), says.end()];
    return [
      { type: 'reasoning', text: 'I ' },
      { type: 'reasoning', text: 'think.', seal },
      { type: 'reasoning', text: 'Plainly.' },
      says.text('Look:'),
      { type: 'tool_call', callId: 'a', name: 'clock', extraContent },
      { type: 'tool_call', callId: 'b', name: 'clock' },
      { type: 'tool_extra', callId: 'b', extraContent },
      says.end('tool_calls'),
    ];
  });
  return { ...provider, ...(carries && { carries }) };
}

async function secondRequest(carries: ModelProvider['carries']): Promise<AssistantMessage> {
  const provider = thinker(carries);
  const { end } = await attempt({ spec: runSpec(), provider, tools: [clock] });
  expect(end?.type).toBe('run.completed');
  const said = provider.asked[1]?.messages.find(({ role }) => role === 'assistant');
  if (said?.role !== 'assistant') throw new Error('the second request has no answer');
  return said;
}

test.each([
  ['anthropic', [{ text: 'I think.', seal }], undefined],
  ['openai', [{ text: 'Plainly.' }], extraContent],
  [undefined, undefined, undefined],
] as const)('an upstream that carries %s gets back %j', async (carries, reasoning, extra) => {
  const said = await secondRequest(carries);
  expect(said.reasoning).toEqual(reasoning);
  expect(said.toolCalls.map((call) => call.extraContent)).toEqual([extra, extra]);
});
