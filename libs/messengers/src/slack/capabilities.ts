import type { Capabilities, Content, Pace, Step } from '../port.js';
import { partsOf } from '../text/parts-of.js';
import { isSigned } from './signature.js';
import type { SlackSettings } from './slack-settings.js';

/** Of all markdown blocks of a message, and of `markdown_text` (docs.slack.dev, "markdown block"). */
const TEXT_MAX = 12_000;

/**
 * Slack limits each method, for the app in a workspace (docs.slack.dev, "Rate limits"): tier 2 allows 20 calls a
 * minute, tier 3 50, tier 4 100, chat.postMessage one a second for each channel and several hundred a minute. A burst
 * and what follows it within a minute stay below each.
 */
const TIER_2: Pace = { chatGapMs: 0, platformGapMs: 4_200, burstMs: 21_000 };
const TIER_3: Pace = { chatGapMs: 0, platformGapMs: 1_600, burstMs: 14_400 };
const TIER_4: Pace = { chatGapMs: 0, platformGapMs: 800, burstMs: 16_000 };
const POSTS: Pace = { chatGapMs: 1_100, platformGapMs: 250, burstMs: 10_000 };
const PACES: Readonly<Record<Step['kind'], Pace>> = {
  send: { ...POSTS, bucket: 'send' },
  edit: { ...TIER_3, bucket: 'edit' },
  remove: { ...TIER_3, bucket: 'remove' },
  find: { ...TIER_3, bucket: 'find' },
  begin: { ...TIER_2, bucket: 'begin', chatGapMs: 1_100 },
  append: { ...TIER_4, bucket: 'append' },
  finish: { ...TIER_2, bucket: 'finish' },
  pressed: { ...TIER_4, bucket: 'pressed' },
  fetch: { ...TIER_3, bucket: 'fetch' },
  draft: TIER_4,
  typing: TIER_4,
};

export function slackCapabilities(settings: SlackSettings): Capabilities {
  const { allowedUsers, allowedChats, streams, signingSecret } = settings;
  return {
    textMax: TEXT_MAX,
    paceOf: (kind) => PACES[kind],
    // Slack keeps what begins with `/` for itself.
    commandSign: '!',
    stopButton: true,
    typing: false,
    // A thread is all that its messages name.
    replies: false,
    // A stream is a reply, so there is none outside of threads.
    previewOf: (_isGroup, thread) => (streams && thread !== '' ? 'stream' : 'edit'),
    isAllowedChat: (chat) => allowedChats.includes(chat),
    isAllowedUser: (user) => allowedUsers.includes(user),
    isGroupChat: (chat) => !chat.startsWith('D'),
    render: (markdown) => partsOf(quiet(markdown), { textMax: TEXT_MAX, entities: MARKDOWN, hasFiles: false }),
    idBefore: (now) => `${Math.floor(now / 1_000)}.000000`,
    later: (a, b) => (isLater(b, a) ? b : a),
    ...(signingSecret !== undefined && {
      webhook: { path: 'slack', isGenuine: (headers, body, now) => isSigned({ headers, body, now }, signingSecret) },
    }),
  };
}

/** `1700000000.000100`: both halves are numbers, and more digits than a double has. */
export function isLater(a: string, b: string): boolean {
  const [[x = 0, y = 0], [u = 0, v = 0]] = [a.split('.').map(Number), b.split('.').map(Number)];
  return x > u || (x === u && y > v);
}

/** The text is Markdown. */
const MARKDOWN: NonNullable<Content['entities']> = [{ type: 'markdown' }];

/**
 * What would call everybody in a channel, a group or a user is shown and calls nobody. A block of code stays as it is:
 * nothing in it calls.
 */
function quiet(markdown: string): string {
  let fence: string | undefined;
  const lines = markdown.split('\n').map((line) => {
    const [, sign = '', rest = ''] = FENCE.exec(line) ?? [];
    if (fence === undefined) {
      if (sign !== '') fence = sign;
      return line.replace(CALLS, '<\u200b');
    }
    if (sign.length >= fence.length && rest.trim() === '') fence = undefined;
    return line;
  });
  return lines.join('\n');
}

/** Of backticks alone, the ones that Slack knows for certain. */
const FENCE = /^ {0,3}(`{3,})([^`]*)$/;
/** "Formatting text for app surfaces": special mentions, groups and users. */
const CALLS = /<(?=!(?:channel|here|everyone|group|subteam)\b|@[UWS])/g;
