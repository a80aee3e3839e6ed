import type { Message, RunDraft } from '#libs/contract';
import { derivedSessionId } from '../../../../../apps/api/src/runs/placing/derived-session-id.js';
import { ownTurn } from '../../../../../apps/api/src/runs/placing/own-turn.js';
import { placeInSession } from '../../../../../apps/api/src/runs/placing/place-in-session.js';
import { checkSessionId, readSessionHeaders } from '../../../../../apps/api/src/runs/placing/session-headers.js';
import { runSpec } from '../../../../support/run-spec.js';

const user = (content: string): Message => ({ role: 'user', content });
const says = (text: string): Message => ({ role: 'assistant', text, toolCalls: [] });
const calls = (...callIds: string[]): Message => ({
  role: 'assistant',
  text: '',
  toolCalls: callIds.map((callId) => ({ callId, name: 'look', arguments: '{}' })),
});
const result = (callId: string): Message => ({ role: 'tool', callId, output: 'seen' });

describe('the headers of a session', () => {
  test.each([
    ['none', {}, { whenBusy: 'wait' }],
    ['X-Session-Id', { 'x-session-id': 'a' }, { id: 'a', whenBusy: 'wait' }],
    ['its Hermes alias', { 'x-hermes-session-id': 'a' }, { id: 'a', whenBusy: 'wait' }],
    ['both, alike', { 'x-session-id': 'a', 'x-hermes-session-id': 'a' }, { id: 'a', whenBusy: 'wait' }],
    ['reject', { 'x-session-id': 'a', 'x-session-busy': 'reject' }, { id: 'a', whenBusy: 'reject' }],
    [
      'an id that is a hint of routing',
      { 'x-session-id': 'a', 'x-session-affinity': 'a' },
      { client: 'a', whenBusy: 'wait' },
    ],
    [
      'beside another hint',
      { 'x-session-id': 'a', 'x-session-affinity': 'b' },
      { id: 'a', client: 'b', whenBusy: 'wait' },
    ],
    [
      'beside a name of its own',
      { 'x-session-id': 'a', 'x-hermes-session-id': 'b', 'x-session-affinity': 'a' },
      { id: 'b', client: 'a', whenBusy: 'wait' },
    ],
    ['what Codex sends', { 'session-id': 's', 'thread-id': 't' }, { client: 's', whenBusy: 'wait' }],
    ['a session of Claude Code', { 'x-claude-code-session-id': 'c' }, { client: 'c', group: 'c', whenBusy: 'wait' }],
  ])('%s', (_, headers, expected) => expect(readSessionHeaders(headers, true)).toEqual(expected));

  test.each([
    ['two sessions', { 'x-session-id': 'a', 'x-hermes-session-id': 'b' }, 'invalid_session_id'],
    ['an unknown wish', { 'x-session-busy': 'queue' }, 'invalid_request'],
    ['an empty id', { 'x-session-id': '' }, 'invalid_session_id'],
  ])('%s is refused', (_, headers, code) => {
    expect(() => readSessionHeaders(headers, true)).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('without API keys a session cannot be named', () => {
    const act = (): unknown => readSessionHeaders({ 'x-session-id': 'a' }, false);
    expect(act).toThrow(expect.objectContaining({ code: 'forbidden' }) as Error);
    expect(readSessionHeaders({}, false)).toEqual({ whenBusy: 'wait' });
    const hint = { 'x-session-id': 'ses_1', 'x-session-affinity': 'ses_1' };
    expect(readSessionHeaders(hint, false)).toEqual({ client: 'ses_1', whenBusy: 'wait' });
  });

  test.each(['x'.repeat(256), 'webui:42', 'a.b_c-d~!', '...'.slice(0, 0) + 'a.', 'client@host'])('%s is an id', (id) =>
    expect(checkSessionId(id, 'session_id')).toBe(id),
  );
  test.each(['', 'x'.repeat(257), 'a b', 'a\nb', 'a\0', 'é', '../x', 'a/b', 'a\\b', '..', '.'])('%j is none', (id) => {
    expect(() => checkSessionId(id, 'session_id')).toThrow(
      expect.objectContaining({ code: 'invalid_session_id', param: 'session_id' }) as Error,
    );
  });
});

describe('what a request adds to its session', () => {
  test.each<[string, Message[], Message[]]>([
    ['the last user message', [user('a'), says('b'), user('c')], [user('c')]],
    ['all there is', [user('a')], [user('a')]],
    ['of two in a row the last', [user('a'), user('b')], [user('b')]],
    [
      'results of calls that the client made',
      [user('a'), calls('1', '2'), result('1'), result('2')],
      [result('1'), result('2')],
    ],
    ['results, and what the user said then', [user('a'), calls('1'), result('1'), user('b')], [result('1'), user('b')]],
    ['words put into the assistant’s mouth', [user('a'), says('b'), user('c'), says('d')], [user('c'), says('d')]],
  ])('%s', (_, sent, added) => expect(ownTurn(sent)).toEqual(added));
});

describe('the place of a request', () => {
  const spec = runSpec({ messages: [user('a'), says('b'), user('c')] });
  const draft = (fields: Partial<RunDraft> = {}): RunDraft => ({ ...spec, ...fields });
  const waits = { whenBusy: 'wait', derives: true } as const;

  test('a named session: a turn with what is new', () => {
    const { draft: placed, turn } = placeInSession(draft(), { id: 's', ...waits }, 'alice');
    expect([placed.sessionId, placed.messages, turn]).toEqual(['s', [user('c')], { whenBusy: 'wait' }]);
  });

  test('the body names it: a turn with all its input', () => {
    const asked = draft({ sessionId: 's' });
    expect(placeInSession(asked, { whenBusy: 'reject', derives: true }, 'alice')).toEqual({
      draft: asked,
      turn: { whenBusy: 'reject' },
    });
  });

  test('header and body must not differ', () => {
    const act = (): unknown => placeInSession(draft({ sessionId: 's' }), { id: 't', ...waits }, 'alice');
    expect(act).toThrow(expect.objectContaining({ code: 'invalid_session_id', param: 'session_id' }) as Error);
  });

  test('a run that continues another by itself is a member without a turn', () => {
    const asked = draft({ parentId: 'run_1' });
    expect(placeInSession(asked, { id: 's', ...waits }, 'alice')).toEqual({ draft: { ...asked, sessionId: 's' } });
    expect(placeInSession(asked, waits, 'alice')).toEqual({ draft: asked });
  });

  test('no name: a derived session, without a turn and with the whole body', () => {
    const placed = placeInSession(draft(), waits, 'alice');
    expect(placed.draft).toEqual({ ...draft(), sessionId: placed.draft.sessionId });
    expect(placed).not.toHaveProperty('turn');
    expect(placed.draft.sessionId).toMatch(/^api-[0-9a-f]{16}$/);
  });

  test('protocols whose clients name the run they continue derive nothing', () => {
    expect(placeInSession(draft(), { whenBusy: 'wait', derives: false }, 'alice')).toEqual({ draft: draft() });
  });

  test('a derived id stays over the turns and differs by key, system prompt and first user message', () => {
    const base = derivedSessionId('alice', draft());
    expect(derivedSessionId('alice', draft({ messages: [...draft().messages, says('d'), user('e')] }))).toBe(base);
    const others = [
      derivedSessionId('bob', draft()),
      derivedSessionId('alice', draft({ instructions: 'Be brief.' })),
      derivedSessionId('alice', draft({ messages: [user('other')] })),
    ];
    expect(new Set([base, ...others]).size).toBe(4);
  });
});
