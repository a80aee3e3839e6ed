import type { Message } from '#libs/contract';
import { affinityOf } from '../../../libs/agent/src/messages/affinity.js';

const said = (content: string): Message => ({ role: 'user', content });
const request = { system: 'Be brief.', messages: [said('Hello')] };
const facts = { owner: 'ann', sampling: {} };
const of = (more: object, asked = request): string => affinityOf({ ...facts, ...more }, asked);

/** From the surest to the least sure. */
const LADDER = [
  { affinity: 'client session' },
  { sampling: { promptCacheKey: 'cache' } },
  { conversationId: 'conv_1' },
  { sessionId: 'mine' },
  { sampling: { user: 'u1' } },
  { sessionId: 'api-0123456789abcdef' },
];

test('the surest sign of a session decides', () => {
  for (const [i, sign] of LADDER.entries()) {
    for (const weaker of LADDER.slice(i + 1)) {
      const both = { ...weaker, ...sign, sampling: { ...weaker.sampling, ...sign.sampling } };
      expect(of(both)).toBe(of(sign));
    }
  }
  expect(new Set(LADDER.map((sign) => of(sign))).size).toBe(LADDER.length);
});

test('the API key is always a part of it', () => {
  for (const sign of LADDER) expect(of({ ...sign, owner: 'bob' })).not.toBe(of(sign));
});

test('a chain has the affinity of the run that it begins with, and a derived session that of its beginning', () => {
  const longer = { ...request, messages: [...request.messages, said('And then?')] };
  expect(of({ parentId: 'run_1' }, longer)).toBe(of({}));
  expect(of({ sessionId: 'api-0123456789abcdef' }, longer)).toBe(of({}));
  expect(of({}, { ...request, messages: [said('Another')] })).not.toBe(of({}));
  expect(of({}, { ...request, system: 'Be long.' })).not.toBe(of({}));
});
