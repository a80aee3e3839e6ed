import type { Outcome, Platform, Step } from '#libs/messengers';
import type { Logger } from '#libs/platform';
import { Tokens } from '../../../apps/messenger/src/tokens.js';

const SEND: Step = { kind: 'send', chat: '1', thread: '', key: 'k', content: { text: 'x' } };
const REFUSED: Outcome = { kind: 'unsent', why: 'Telegram: Unauthorized', token: true };

function scene() {
  const lines: string[] = [];
  const note = (level: string) => (fields: object, text: string) => void lines.push(`${level} ${text}`);
  const tokens = new Tokens({ error: note('error'), warn: note('warn') } as unknown as Logger);
  const outcomes = new Map<string, Outcome>();
  const watch = (name: string) => {
    const platform = { name, post: async () => outcomes.get(name) ?? { kind: 'done' } } as unknown as Platform;
    const watched = tokens.watch(platform);
    return (step = SEND) => watched.post(step, new AbortController().signal);
  };
  return { tokens, outcomes, lines, watch };
}

test('a token that was revoked is one line in the log, and readiness says so until it is taken again', async () => {
  const { tokens, outcomes, lines, watch } = scene();
  const post = watch('telegram');
  await post();
  await expect(tokens.check()).resolves.toBeUndefined();
  outcomes.set('telegram', REFUSED);
  for (let i = 0; i < 3; i++) await expect(post()).resolves.toEqual(REFUSED);
  await expect(tokens.check()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('telegram refuses the token of the bot') as string,
  });
  expect(lines).toEqual(['error the platform refuses the token of the bot: nothing comes in or goes out']);
  // A call without the token, and one that says nothing, change nothing.
  outcomes.delete('telegram');
  await post({ kind: 'pressed', queryId: 'q', text: 'x' });
  outcomes.set('telegram', { kind: 'unknown', why: 'no answer' });
  await post();
  await expect(tokens.check()).rejects.toThrow();
  outcomes.set('telegram', { kind: 'gone' });
  await post();
  await expect(tokens.check()).resolves.toBeUndefined();
  expect(lines).toHaveLength(2);
});

test('with another platform that takes its token the process is ready', async () => {
  const { tokens, watch } = scene();
  watch('telegram');
  watch('slack');
  tokens.refuse('slack', 'Slack: token_revoked');
  await expect(tokens.check()).resolves.toBeUndefined();
  tokens.refuse('telegram', 'Telegram: Unauthorized');
  await expect(tokens.check()).rejects.toThrow(/telegram.*|slack.*/);
});
