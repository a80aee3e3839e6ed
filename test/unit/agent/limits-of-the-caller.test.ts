import type { Message, ModelEvent, ModelRequest, Tool } from '#libs/contract';
import { modelRoute } from '#libs/providers';
import { attempt, says, scriptedProvider, type Lab } from '../../support/agent-lab.js';
import { checkLog } from '../../support/event-grammar.js';
import { runSpec } from '../../support/run-spec.js';

const look: Tool = {
  name: 'look',
  description: 'Looks.',
  parameters: { type: 'object' },
  idempotent: true,
  approval: 'never',
  execute: async () => ({ output: 'seen' }),
};

/** A model that calls twice in each of its first two steps, then answers. */
function calling(): Iterable<ModelEvent>[] {
  let calls = 0;
  const twice = (): ModelEvent[] => [
    ...says.call(`call_${++calls}`, 'look', '{}'),
    ...says.call(`call_${++calls}`, 'look', '{}'),
    says.end('tool_calls'),
  ];
  return [twice(), twice(), [says.text('Done.'), says.end()]];
}

describe('max_tool_calls', () => {
  test.each([
    [undefined, 4],
    [3, 3],
    [1, 1],
    [0, 0],
  ])('of %p executes %i of four calls, and the model is told of the others', async (toolCallsMax, executed) => {
    const answers = calling();
    const provider = scriptedProvider(() => answers.shift() ?? []);
    const spec = runSpec({ ...(toolCallsMax !== undefined && { toolCallsMax }) });
    const { log, end } = await attempt({ spec, provider, tools: [look] });
    expect(checkLog(log)).toEqual([]);
    expect(end).toMatchObject({ type: 'run.completed' });
    const outputs = log.flatMap((event) => (event.type === 'tool.completed' ? [event.output] : []));
    expect(outputs.filter((output) => output === 'seen')).toHaveLength(executed);
    expect(outputs.filter((output) => output.includes('used up'))).toHaveLength(4 - executed);
  });
});

describe('truncation', () => {
  const long: Message[] = Array.from({ length: 40 }, (_, i) => ({
    role: 'user',
    content: `${i} ${'word '.repeat(200)}`,
  }));
  const small = (spec: Lab['spec']) => {
    const asked: ModelRequest[] = [];
    const provider = scriptedProvider(function* (request) {
      asked.push(request);
      yield says.text('ok');
      yield says.end();
    });
    const route = modelRoute('small', [{ provider, model: 'm', contextTokens: 4_000 }]);
    return { lab: { spec, provider, ports: { route } }, asked };
  };

  test.each([
    ['disabled', 40],
    ['auto', 1],
    [undefined, 1],
  ] as const)('%s: a conversation longer than the window is sent with at least %i turns', async (truncation, turns) => {
    const { lab, asked } = small(runSpec({ messages: long, ...(truncation && { truncation }) }));
    await attempt(lab);
    const sent = asked[0]?.messages.length ?? 0;
    if (truncation === 'disabled') expect(sent).toBe(turns);
    else expect(sent).toBeLessThan(40);
    expect(sent).toBeGreaterThanOrEqual(turns);
  });
});
