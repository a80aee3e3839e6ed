import { storm } from '../chaos/chats/storm.js';

/** The short form of `npm run chaos:chats`: everything that can die dies once while answers grow. */
test.each(['telegram', 'slack', 'discord'])(
  '%s: messenger, worker, API and Redis are killed in turn, with penalties: every chat has the final text once',
  async (platform) => {
    const found = await storm({ platform, chats: 8, rounds: 1, words: 60, seed: 7, secondsMax: 240 });
    expect(found).toMatchObject({ whole: 8, problems: [], kills: 4, violations: [] });
  },
  400_000,
);
