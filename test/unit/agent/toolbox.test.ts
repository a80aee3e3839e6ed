import type { Tool } from '#libs/contract';
import { openToolbox } from '../../../libs/agent/src/toolbox.js';

const tool = (name: string, more: Partial<Tool> = {}): Tool => ({ name, ...more }) as Tool;
const SERVER = [tool('search'), tool('clarify', { asksUser: true })];

test.each([
  ['runs', true],
  ['messenger', true],
  ['openai-chat', false],
  ['jobs', false],
])('%s: a tool that asks the user is offered where somebody can answer: %s', (protocol, isOffered) => {
  const toolbox = openToolbox({ tools: [], toolChoice: { kind: 'auto' }, protocol } as never, SERVER);
  expect(toolbox.offered.map(({ name }) => name)).toEqual(isOffered ? ['search', 'clarify'] : ['search']);
  if (isOffered) expect(toolbox.executedBy('clarify')).toBe('server');
});
