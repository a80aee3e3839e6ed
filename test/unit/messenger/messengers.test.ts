import { loadConfig } from '#libs/config';
import type { Logger } from '#libs/platform';
import { createMessengers } from '../../../apps/messenger/src/messengers.js';
import { Tokens } from '../../../apps/messenger/src/tokens.js';

const TOKENS = {
  TALARIA_CONFIG: 'talaria.yaml',
  TELEGRAM_BOT_TOKEN: '123456:abcdefghijklmnop',
  SLACK_BOT_TOKEN: 'xoxb-0123456789-test',
  SLACK_APP_TOKEN: 'xapp-0123456789-test',
  DISCORD_BOT_TOKEN: 'token-of-a-bot-in-tests',
};
const load = (settings: string) => loadConfig(TOKENS, () => settings, 'messenger');
const logger = { warn: () => undefined } as unknown as Logger;

const SETTINGS = `upstreams:
  - { name: u, provider: openai, base_url: 'http://127.0.0.1:9/v1', api_key: k }
models:
  - { name: talaria, upstream: u, model: m }
  - { name: own, upstream: u, model: m }
  - { name: topic, upstream: u, model: m }
telegram:
  chats:
    - { chat: -1001234567890, model: own }
    - { chat: -1001234567890, thread: 12, model: topic }
slack:
  chats:
    - { chat: C0123, model: own }
    - { chat: C0123, thread: 1700000000.000100, model: topic }
discord:
  chats:
    - { chat: 222222222222222222, model: own }
    - { chat: 222222222222222222, thread: 222222222222222233, model: topic }
`;

test.each([
  ['telegram', '-1001234567890', '', 'own'],
  ['telegram', '-1001234567890', '12', 'topic'],
  ['telegram', '-1001234567890', '13', 'own'],
  ['telegram', '12', '', 'talaria'],
  ['slack', 'C0123', '', 'own'],
  ['slack', 'C0123', '1700000000.000100', 'topic'],
  ['slack', 'C0123', '1700000000.000200', 'own'],
  ['slack', 'C0124', '', 'talaria'],
  ['discord', '222222222222222222', '', 'own'],
  // A thread is a channel of its own.
  ['discord', '222222222222222233', '', 'topic'],
  // Ids that differ in the last of their digits, more than a number has.
  ['discord', '222222222222222234', '', 'talaria'],
])('%s: chat %s, thread "%s" is answered by the model %s', (name, chat, thread, model) => {
  const found = createMessengers(load(SETTINGS), logger, new Tokens(logger)).find(
    ({ platform }) => platform.name === name,
  );
  expect(found?.rulesOf(chat, thread)).toMatchObject({ model, owner: 'default' });
});

test.each([
  ['telegram', 'C0123'],
  ['slack', '-100123'],
  ['discord', '-100123'],
  ['discord', 'C0123'],
])('%s: an entry for the chat %s of another platform is refused', (platform, chat) => {
  expect(() => load(`${platform}:\n  chats: [{ chat: ${chat}, prompt: x }]\n`)).toThrow(
    new RegExp(`${platform}\\.chats.*the id of a chat of ${platform}`),
  );
});
