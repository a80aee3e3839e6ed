import { storm } from '../chaos/chats/storm.js';

/** The short form of `npm run chaos:chats`: everything that can die dies once while answers grow on three platforms. */
test('messenger, worker, API and Redis are killed in turn, with penalties: every chat has the final text once', async () => {
  const found = await storm({ platform: 'all', chats: CHATS, rounds: 1, words: 60, seed: 7, secondsMax: 400 });
  const { kills, penalties, troubles, seconds, firstTexts } = found;
  process.stdout.write(`chat storm: ${JSON.stringify({ kills, penalties, troubles, seconds, firstTexts })}\n`);
  expect(found).toMatchObject({ problems: [], whole: CHATS, doubled: 0, lost: 0, kills: 4, violations: [] });
}, 900_000);

const CHATS = 24;
