import { LIMITS, type JsonObject, type RunDraft } from '#libs/contract';
import { additionalToolsIn, additionalToolsOf, withEarlierTools } from '#libs/protocols';
import { decodeResponses } from '../../../support/responses-request.js';

const fn = (name: string, description = 'D.') => ({ type: 'function', name, description, parameters: {} });
const exec = { type: 'custom', name: 'exec' };
const space = { type: 'namespace', name: 'ns', tools: [fn('in')] };
const item = (...tools: object[]) => ({ type: 'additional_tools', role: 'developer', tools });
const PARENT = `resp_${'0a'.repeat(16)}`;
const user = { role: 'user', content: 'Hi' };

const names = (draft: { readonly tools: readonly { readonly name: string }[] }) => draft.tools.map(({ name }) => name);

test('tools of an item hold for the turns after its own, with all that the encoder knows of them', () => {
  const first = decodeResponses({ input: [item(fn('clock'), exec, space), user] });
  const next = withEarlierTools(
    decodeResponses({ input: 'And now?', tools: [fn('own')] }),
    additionalToolsIn(first.echo),
  );
  expect(names(next)).toEqual(['own', 'clock', 'exec', 'ns__in']);
  expect(next.echo).toMatchObject({ custom: ['exec'], namespaced: { ns__in: { namespace: 'ns', name: 'in' } } });
  expect(next.echo['offered']).toEqual(['own', 'clock', 'exec', 'ns__in']);
  const third = withEarlierTools(decodeResponses({ input: 'And?' }), additionalToolsIn(next.echo));
  expect(names(third)).toEqual(['clock', 'exec', 'ns__in']);
});

test('a tool of the request replaces an earlier one of its name, and repeated items do not add up', () => {
  const first = decodeResponses({ input: [item(fn('clock', 'old')), user] });
  let draft = decodeResponses({ input: [item(fn('clock', 'new')), user] });
  draft = withEarlierTools(draft, additionalToolsIn(first.echo));
  expect(draft.tools).toMatchObject([{ name: 'clock', description: 'new' }]);
  expect(additionalToolsIn(draft.echo)).toEqual([fn('clock', 'new')]);
});

test('a choice may name a tool that an earlier turn brought, and no other', () => {
  const first = decodeResponses({ input: [item(fn('clock'), space, exec), user] });
  const next = (tool_choice: object, more: object = { previous_response_id: PARENT }): RunDraft =>
    withEarlierTools(decodeResponses({ input: 'And?', tool_choice, ...more }), additionalToolsIn(first.echo));
  const clock = { type: 'function', name: 'clock' };
  for (const more of [{ previous_response_id: PARENT }, { conversation: 'conv_1' }, { conversation: 'mine' }]) {
    expect(next(clock, more)).toMatchObject({ toolChoice: { kind: 'named', name: 'clock' } });
  }
  expect(next({ type: 'custom', name: 'exec' })).toMatchObject({ toolChoice: { kind: 'named', name: 'exec' } });
  expect(next({ type: 'function', name: 'in', namespace: 'ns' })).toMatchObject({
    toolChoice: { kind: 'named', name: 'ns__in' },
  });
  const allowed = { type: 'allowed_tools', mode: 'required', tools: [clock, { type: 'namespace', name: 'ns' }] };
  expect(next(allowed)).toMatchObject({ toolChoice: { kind: 'allowed', names: ['clock', 'ns__in'] } });
  const none = decodeResponses({ input: 'And?', tool_choice: clock, previous_response_id: PARENT });
  expect(() => withEarlierTools(none, [])).toThrow("'tool_choice.name' must be the name of one of 'tools'");
  expect(() => next({ type: 'function', name: 'other' })).toThrow("'tool_choice.name' must be the name");
  expect(() => decodeResponses({ input: 'And?', tool_choice: clock })).toThrow("'tool_choice.name' must be the name");
});

test('more tools than may be are refused', () => {
  const many = Array.from({ length: LIMITS.toolsMax }, (_, i) => fn(`f${i}`));
  const draft = decodeResponses({ input: 'Hi', tools: [fn('one')] });
  expect(() => withEarlierTools(draft, many)).toThrow("'tools' must have at most");
});

test('items of a conversation have them, too; without any the draft stays as it is', () => {
  const items = [
    item(fn('clock')),
    { type: 'message' },
    { type: 'additional_tools' },
  ] as unknown as readonly JsonObject[];
  expect(additionalToolsOf(items)).toEqual([fn('clock')]);
  const draft = decodeResponses({ input: 'Hi' });
  expect(withEarlierTools(draft, [])).toBe(draft);
});
