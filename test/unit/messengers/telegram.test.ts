import type { Update } from '@grammyjs/types';
import { GrammyError, HttpError } from 'grammy';
import { telegramCapabilities } from '../../../libs/messengers/src/telegram/capabilities.js';
import { readOutcome } from '../../../libs/messengers/src/telegram/read-outcome.js';
import { readUpdate } from '../../../libs/messengers/src/telegram/read-update.js';

const hearing = { botId: 99, botName: 'talaria_bot', users: new Set(['7']), chats: new Set(['-5']) };
const user = (id: number) => ({ id, is_bot: false, first_name: 'U' });
function message(chat: number, from: number, more: object): Update {
  const type = chat < 0 ? 'supergroup' : 'private';
  const fields = { message_id: 3, date: 1, chat: { id: chat, type, title: 'T' }, from: user(from), ...more };
  return { update_id: 1, message: fields } as unknown as Update;
}
const mention = (text: string) => {
  const offset = text.toLowerCase().indexOf('@talaria_bot');
  return { text, entities: [{ type: 'mention', offset, length: 12 }] };
};

test.each([
  ['a listed user in private', message(7, 7, { text: 'hi' }), 'hi'],
  ['a stranger in private', message(8, 8, { text: 'hi' }), undefined],
  ['a group without a mention', message(-5, 8, { text: 'hi' }), undefined],
  ['a mention in a listed group', message(-5, 8, mention('hey @Talaria_Bot you')), 'hey  you'],
  ['a mention in another group by a stranger', message(-6, 8, mention('@talaria_bot x')), undefined],
  ['a listed user in another group', message(-6, 7, mention('@talaria_bot x')), 'x'],
  ['a command', message(-5, 8, { text: '/stop' }), '/stop'],
  ['our command by name', message(-5, 8, { text: '/stop@talaria_bot now' }), '/stop@talaria_bot now'],
  ["another bot's command", message(-5, 8, { text: '/stop@other_bot' }), undefined],
  ['another bot', message(-5, 8, { ...mention('@talaria_bot x'), from: { ...user(7), is_bot: true } }), undefined],
  ['nothing to read', message(7, 7, { sticker: {} }), undefined],
])('%s', (_what, update, text) => {
  const heard = readUpdate(update, hearing);
  expect(heard?.kind === 'message' ? heard.text : undefined).toBe(text);
});

test('a reply to the bot is heard in a group, a topic is a thread, a photo comes in its largest size that fits', () => {
  const reply = message(-5, 8, { text: 'yes', reply_to_message: { message_id: 2, from: { id: 99, is_bot: true } } });
  expect(readUpdate(reply, hearing)).toMatchObject({ repliesTo: '2', text: 'yes' });
  const topic = message(-5, 8, { ...mention('@talaria_bot x'), is_topic_message: true, message_thread_id: 12 });
  expect(readUpdate(topic, hearing)).toMatchObject({ thread: '12', chat: 'telegram:-5', isGroup: true });
  const sizes = [
    { file_id: 's', width: 90, file_size: 1_000 },
    { file_id: 'm', width: 800, file_size: 90_000 },
    { file_id: 'l', width: 9_000, file_size: 90_000_000 },
  ];
  expect(readUpdate(message(7, 7, { photo: sizes, caption: 'what?' }), hearing)).toMatchObject({
    text: 'what?',
    photos: ['m'],
  });
});

const refused = (error_code: number, description: string, parameters = {}): GrammyError =>
  new GrammyError('x', { ok: false, error_code, description, parameters }, 'sendMessage', {});
test.each([
  [refused(429, 'Too Many Requests: retry after 35', { retry_after: 35 }), { kind: 'wait', ms: 35_000 }],
  [refused(400, 'Bad Request: message is not modified: specified new'), { kind: 'unchanged' }],
  [refused(400, 'Bad Request: message to edit not found'), { kind: 'gone' }],
  [refused(400, "Bad Request: message can't be edited"), { kind: 'gone' }],
  [refused(400, "Bad Request: can't parse entities: x"), { kind: 'refused', markup: true }],
  [refused(403, 'Forbidden: bot was blocked by the user'), { kind: 'refused' }],
  [refused(401, 'Unauthorized'), { kind: 'unsent' }],
  [refused(502, 'Bad Gateway'), { kind: 'unknown' }],
  [new HttpError('x', { code: 'ECONNREFUSED' }), { kind: 'unsent', why: 'ECONNREFUSED' }],
  [new HttpError('x', { code: 'ECONNRESET' }), { kind: 'unknown', why: 'ECONNRESET' }],
  [new HttpError('x', new Error('https://api/bot123:secret/x')), { kind: 'unknown', why: 'no answer' }],
])('%s', (cause, outcome) => {
  expect(readOutcome(cause)).toMatchObject(outcome);
  expect(JSON.stringify(readOutcome(cause))).not.toContain('secret');
});

const capabilities = telegramCapabilities({ token: 't', allowedUsers: ['7'], allowedChats: ['-5'] });

test('an answer longer than twenty messages comes as a file as well, and every message keeps its bound', () => {
  const whole = 'word '.repeat(40_000);
  const parts = capabilities.render(whole);
  expect(parts).toHaveLength(20);
  expect(parts.every(({ text }) => text.length <= 4_096)).toBe(true);
  expect(parts.at(-1)?.file).toEqual({ name: 'answer.md', text: whole });
  expect(parts.filter(({ file }) => file)).toHaveLength(1);
});

test('a stop of a draft is heard in private, and from listed users alone', () => {
  const stop = (id: number) =>
    ({ update_id: 1, stopped_message_generation: { chat: { id, type: 'private' }, draft_id: 5 } }) as unknown as Update;
  expect(readUpdate(stop(7), hearing)).toMatchObject({ kind: 'stop', chat: 'telegram:7', userId: '7', thread: '' });
  expect(readUpdate(stop(8), hearing)).toBeUndefined();
  const withDrafts = telegramCapabilities({ token: 't', allowedUsers: [], allowedChats: [], drafts: true });
  expect([withDrafts.previewOf(false, ''), withDrafts.previewOf(true, '')]).toEqual(['draft', 'edit']);
  expect(capabilities.previewOf(false, '')).toBe('edit');
});

test('a lost message can have the next ids; groups are called every three seconds', () => {
  expect(capabilities.candidates?.('41', 3)).toEqual(['42', '43', '44']);
  expect(capabilities.later('9', '10')).toBe('10');
  const gap = (isGroup: boolean): number => capabilities.paceOf('edit', isGroup).chatGapMs;
  expect([gap(false) > 1_000, gap(true) >= 3_000]).toEqual([true, true]);
  expect(capabilities.paceOf('typing', true).chatGapMs).toBe(0);
  expect([capabilities.isAllowedChat('-5'), capabilities.isAllowedChat('8')]).toEqual([true, false]);
});

test('a webhook is genuine with its secret alone', () => {
  const settings = { token: 't', allowedUsers: [], allowedChats: [], webhook: { url: 'https://x', secret: 'abc' } };
  const { webhook } = telegramCapabilities(settings);
  expect(webhook?.isGenuine({ 'x-telegram-bot-api-secret-token': 'abc' }, '{}', 0)).toBe(true);
  expect(webhook?.isGenuine({ 'x-telegram-bot-api-secret-token': 'abd' }, '{}', 0)).toBe(false);
  expect(webhook?.isGenuine({}, '{}', 0)).toBe(false);
});
