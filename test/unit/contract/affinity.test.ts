import { affinityAtOpening, affinityOf, type Message } from '#libs/contract';

const said = (content: string): Message => ({ role: 'user', content });
const messages = [said('Hello')];
const facts = { owner: 'ann', sampling: {}, instructions: 'Be brief.' };
const of = (more: object, asked = messages): string => affinityOf({ ...facts, ...more }, asked);

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
  const longer = [...messages, said('And then?')];
  expect(of({ parentId: 'run_1' }, longer)).toBe(of({}));
  // The worker gives a chain the workspace of its first run.
  expect(of({ parentId: 'run_1', sessionId: `run_${'0f'.repeat(16)}` }, longer)).toBe(of({}));
  expect(of({ sessionId: 'api-0123456789abcdef' }, longer)).toBe(of({}));
  expect(of({}, [said('Another')])).not.toBe(of({}));
  expect(of({ instructions: 'Be long.' })).not.toBe(of({}));
});

test('the order of a run tells the key that its worker finds, or none', () => {
  const opening = (more: object) => affinityAtOpening({ ...facts, messages, ...more });
  for (const sign of LADDER) expect(opening(sign)).toBe(of(sign));
  expect(opening({})).toBe(of({}));
  expect(opening({ context: [said('Earlier')] })).toBe(of({}, [said('Earlier'), ...messages]));
  expect(opening({ parentId: 'run_1' })).toBeUndefined();
  expect(opening({ parentId: 'run_1', sessionId: 'mine' })).toBe(of({ sessionId: 'mine' }));
});

test('embeddings carry no key in their job, whatever they name, so that no place is prepared for them', () => {
  const embed = { input: ['A winged sandal.'], form: 'floats' } as const;
  for (const sign of [{}, ...LADDER]) {
    expect(affinityAtOpening({ ...facts, messages, ...sign, embed } as never)).toBeUndefined();
  }
});
