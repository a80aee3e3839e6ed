import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';
import { slackCapabilities } from '../../../libs/messengers/src/slack/capabilities.js';
import { readPayload } from '../../../libs/messengers/src/slack/read-event.js';
import { readOutcome } from '../../../libs/messengers/src/slack/read-outcome.js';
import { signedBySlack } from '../../support/chats/fake-slack.js';

const hearing = { botUser: 'UBOT', users: new Set(['U7']), chats: new Set(['C5']), threads: true };
const event = (more: object) => ({
  type: 'event_callback',
  event: { type: 'message', channel: 'D1', user: 'U7', ts: '9.000001', text: 'hi', ...more },
});
const messageOf = (payload: object) => {
  const inbound = readPayload(payload, hearing)?.inbound;
  return inbound?.kind === 'message' ? inbound : undefined;
};

test.each([
  ['a listed user in private', event({}), 'hi'],
  ['a stranger in private', event({ user: 'U8' }), undefined],
  ['a channel without a mention', event({ channel: 'C5' }), undefined],
  ['a mention in a listed channel', event({ channel: 'C5', user: 'U8', text: '<@UBOT> hey' }), 'hey'],
  ['a mention in another channel by a stranger', event({ channel: 'C6', user: 'U8', text: '<@UBOT> x' }), undefined],
  ['a listed user in another channel', event({ channel: 'C6', text: 'x <@UBOT>' }), 'x'],
  ['an edit', event({ subtype: 'message_changed' }), undefined],
  ['a bot', event({ bot_id: 'B2' }), undefined],
  ['ourselves', event({ user: 'UBOT' }), undefined],
  ['a mention alone', event({ channel: 'C5', text: '<@UBOT>' }), undefined],
  [
    'a link and signs',
    event({ text: 'see <https://a.example/x|here> &amp; <https://b.example> &lt;b&gt;' }),
    'see here (https://a.example/x) & https://b.example <b>',
  ],
])('%s', (_what, payload, text) => {
  expect(messageOf(payload)?.text).toBe(text);
});

test('a mention comes twice, as two kinds of events, with one id', () => {
  const more = { channel: 'C5', text: '<@UBOT> hey' };
  const [one, two] = [event(more), event({ ...more, type: 'app_mention' })].map((payload) =>
    readPayload(payload, hearing),
  );
  expect(one).toEqual(two);
});

test('a mention begins a thread, what follows there needs none, and in private a thread is kept', () => {
  expect(messageOf(event({ channel: 'C5', text: '<@UBOT> a' }))).toMatchObject({ thread: '9.000001', isGroup: true });
  const reply = messageOf(event({ channel: 'C5', text: 'and?', thread_ts: '8.000001' }));
  expect(reply).toMatchObject({ thread: '8.000001', isUnaddressed: true });
  expect(messageOf(event({}))).toMatchObject({ thread: '', isGroup: false });
  expect(messageOf(event({ thread_ts: '8.000001' }))).toMatchObject({ thread: '8.000001' });
  const flat = readPayload(event({ channel: 'C5', text: '<@UBOT> a' }), { ...hearing, threads: false })?.inbound;
  expect(flat).toMatchObject({ thread: '' });
});

test('pictures come with a message, other files do not', () => {
  const files = [
    { mimetype: 'image/png', url_private: 'https://files.slack.com/a.png' },
    { mimetype: 'text/html', url_private: 'https://files.slack.com/b.html' },
  ];
  expect(messageOf(event({ subtype: 'file_share', text: '', files }))?.photos).toEqual([
    'https://files.slack.com/a.png',
  ]);
});

test('a button and the stop button of a stream', () => {
  const press = {
    type: 'block_actions',
    user: { id: 'U7' },
    channel: { id: 'C5' },
    message: { thread_ts: '8.1' },
    actions: [{ value: 'k:once', action_ts: '10.1' }],
  };
  expect(readPayload(press, hearing)).toMatchObject({
    id: 'slack press C5 U7 10.1',
    inbound: { kind: 'button', data: 'k:once', thread: '8.1', queryId: 'C5 U7 8.1' },
  });
  const stop = event({ type: 'agent_session_stopped', channel: 'C5', thread_ts: '8.1', event_ts: '10.2' });
  expect(readPayload(stop, hearing)?.inbound).toMatchObject({ kind: 'stop', thread: '8.1' });
  const stranger = { ...press, user: { id: 'U8' }, channel: { id: 'C6' } };
  expect(readPayload(stranger, hearing)?.inbound).toBeUndefined();
});

const word = (error: string) => new WebAPIPlatformError({ ok: false, error } as never);
test.each([
  [new WebAPIRateLimitedError(30), { kind: 'wait', ms: 30_000, isWide: true }],
  [word('ratelimited'), { kind: 'wait', isWide: true }],
  [word('message_not_found'), { kind: 'gone' }],
  [word('message_not_in_streaming_state'), { kind: 'gone' }],
  [word('stopped_by_user'), { kind: 'gone' }],
  [word('internal_error'), { kind: 'unknown' }],
  [word('invalid_auth'), { kind: 'unsent' }],
  [word('invalid_blocks'), { kind: 'refused', markup: true }],
  [word('channel_not_found'), { kind: 'refused' }],
  [new WebAPIHTTPError(503, 'x', {}, ''), { kind: 'unknown' }],
  [new WebAPIRequestError(Object.assign(new Error('x'), { cause: { code: 'ECONNREFUSED' } })), { kind: 'unsent' }],
  [
    new WebAPIRequestError(Object.assign(new Error('xoxb-secret'), { cause: { code: 'ECONNRESET' } })),
    { kind: 'unknown' },
  ],
])('%s', (cause, outcome) => {
  expect(readOutcome(cause)).toMatchObject(outcome);
  expect(JSON.stringify(readOutcome(cause))).not.toContain('secret');
});

const settings = { token: 't', allowedUsers: ['U7'], allowedChats: ['C5'], threads: true, streams: true };
const capabilities = slackCapabilities({ ...settings, signingSecret: 'shh' });

test('a webhook is genuine with a fresh signature of its body alone', () => {
  const now = 1_700_000_000_000;
  const isGenuine = (headers: object, body: string, at = now): boolean | undefined =>
    capabilities.webhook?.isGenuine({ ...headers }, body, at);
  const signed = signedBySlack('shh', 'a=b', now / 1_000);
  expect(isGenuine(signed, 'a=b')).toBe(true);
  expect(isGenuine(signed, 'a=c')).toBe(false);
  expect(isGenuine(signed, 'a=b', now + 301_000)).toBe(false);
  expect(isGenuine(signedBySlack('other', 'a=b', now / 1_000), 'a=b')).toBe(false);
  expect(isGenuine({}, 'a=b')).toBe(false);
  expect(slackCapabilities(settings).webhook).toBeUndefined();
});

test('streams stand in threads, ids are compared by their numbers, a mention that a model wrote calls nobody', () => {
  expect([capabilities.previewOf(true, ''), capabilities.previewOf(true, '8.1')]).toEqual(['edit', 'stream']);
  expect(capabilities.later('9.000002', '10.000001')).toBe('10.000001');
  expect(capabilities.later('10.000002', '10.000010')).toBe('10.000010');
  const [content] = capabilities.render('<!channel> <@U1> <b> 1 < 2');
  expect(content?.text).toBe('<\u200b!channel> <\u200b@U1> <b> 1 <\u200b 2'.replace('<\u200b 2', '< 2'));
});

test('code stays as it is, and so does what calls nobody', () => {
  const textOf = (markdown: string): string | undefined => capabilities.render(markdown)[0]?.text;
  const code = '```html\n<!doctype html>\n<!channel> <@U1>\n```';
  expect(textOf(code)).toBe(code);
  expect(textOf('<!doctype html> <!-- x -->')).toBe('<!doctype html> <!-- x -->');
  expect(textOf('<!here> <!subteam^S1>')).toBe('<\u200b!here> <\u200b!subteam^S1>');
  expect(textOf(`${code}\n<!here>`)).toBe(`${code}\n<\u200b!here>`);
  expect(textOf('````\n```\n<!here>\n````')).toBe('````\n```\n<!here>\n````');
});
