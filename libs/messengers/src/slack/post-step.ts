import { WebAPIPlatformError, type WebClient } from '@slack/web-api';
import { fetchImage } from '../fetch-image.js';
import type { Content, Outcome, Step } from '../port.js';
import { isLater } from './capabilities.js';
import { errorOf, readOutcome } from './read-outcome.js';

/** Who the bot is, as auth.test says. */
export interface SlackSelf {
  readonly user: string;
  readonly team: string;
}

export interface SlackCalls {
  readonly web: WebClient;
  readonly token: string;
  /** Where files may be fetched with the token: hosts. */
  readonly fileHosts: ReadonlySet<string>;
  self(): Promise<SlackSelf>;
}

/** Makes one call of the Web API. Never rejects. */
export async function postStep(calls: SlackCalls, step: Step, signal: AbortSignal): Promise<Outcome> {
  try {
    return await makeCall(calls, step, signal);
  } catch (cause) {
    return readOutcome(cause);
  }
}

async function makeCall(calls: SlackCalls, step: Step, signal: AbortSignal): Promise<Outcome> {
  const { web } = calls;
  switch (step.kind) {
    case 'send': {
      const { chat: channel, content } = step;
      const sent = await web.chat.postMessage({ channel, ...threadOf(step.thread), ...bodyOf(content), ...QUIET });
      return sent.ts === undefined ? { kind: 'unknown', why: 'Slack: no ts' } : { kind: 'done', id: sent.ts };
    }
    case 'edit':
      return edit(web, step);
    case 'remove':
      await web.chat.delete({ channel: step.chat, ts: step.id });
      return { kind: 'done' };
    case 'find':
      return find(calls, step);
    case 'begin':
      return begin(calls, step);
    case 'append':
      await web.chat.appendStream({ channel: step.chat, ts: step.id, markdown_text: step.text });
      return { kind: 'done' };
    case 'finish': {
      const text = step.text === undefined ? {} : { markdown_text: step.text };
      await web.chat.stopStream({ channel: step.chat, ts: step.id, ...text });
      return { kind: 'done' };
    }
    case 'pressed':
      return tell(web, step);
    case 'fetch':
      return fetchFile(calls, step.fileId, signal);
    case 'typing':
    case 'draft':
      return { kind: 'refused', why: 'Slack has no such call' };
  }
}

const QUIET = { unfurl_links: false, unfurl_media: false } as const;
const threadOf = (thread: string): { thread_ts?: string } => (thread === '' ? {} : { thread_ts: thread });

async function edit(web: WebClient, { chat, id, content }: Extract<Step, { kind: 'edit' }>): Promise<Outcome> {
  try {
    await web.chat.update({ channel: chat, ts: id, ...bodyOf(content) });
    return { kind: 'done' };
  } catch (cause) {
    // It still grows, although nobody knows of it any more: it is ended, and edited then.
    if (!(cause instanceof WebAPIPlatformError) || errorOf(cause) !== 'streaming_state_conflict') throw cause;
    await web.chat.stopStream({ channel: chat, ts: id });
    return { kind: 'unsent', why: 'the message was still growing' };
  }
}

async function begin({ web, self }: SlackCalls, step: Extract<Step, { kind: 'begin' }>): Promise<Outcome> {
  const { team } = await self();
  const recipient = { recipient_user_id: step.userId, recipient_team_id: team };
  const { chat: channel, thread: thread_ts, text: markdown_text } = step;
  const begun = await web.chat.startStream({ channel, thread_ts, markdown_text, ...recipient });
  return begun.ts === undefined ? { kind: 'unknown', why: 'Slack: no ts' } : { kind: 'done', id: begun.ts };
}

/** The oldest message of ours that nobody knows. Needs the scopes `channels:history` and the like. */
async function find({ web, self }: SlackCalls, step: Extract<Step, { kind: 'find' }>): Promise<Outcome> {
  const { chat: channel, thread, after, known } = step;
  const page = { channel, oldest: after, limit: FOUND_MAX };
  const { messages = [] } =
    thread === '' ? await web.conversations.history(page) : await web.conversations.replies({ ...page, ts: thread });
  const { user } = await self();
  const ids = messages.flatMap((one) => (one.user === user && one.ts !== undefined ? [one.ts] : []));
  const lost = ids.filter((id) => isLater(id, after) && !known.includes(id)).sort((a, b) => (isLater(a, b) ? 1 : -1));
  return lost[0] === undefined ? { kind: 'gone' } : { kind: 'done', id: lost[0] };
}

const FOUND_MAX = 100;

/** Only who pressed the button sees it. `queryId`: channel, user and thread. */
async function tell(web: WebClient, { queryId, text }: Extract<Step, { kind: 'pressed' }>): Promise<Outcome> {
  const [channel = '', user = '', thread = ''] = queryId.split(' ');
  await web.chat.postEphemeral({ channel, user, text, ...threadOf(thread) });
  return { kind: 'done' };
}

/** A message is blocks: an edit with blocks replaces those that were there, buttons too. `text`: for notifications. */
function bodyOf({ text, entities, buttons }: Content) {
  const words = entities ? [{ type: 'markdown' as const, text }] : plainBlocks(text);
  const labelled = (buttons ?? []).flat().slice(0, BUTTONS_MAX);
  const elements = labelled.map(({ text: label, data }, i) => ({
    type: 'button' as const,
    action_id: `b${i}`,
    value: data,
    text: { type: 'plain_text' as const, text: label.slice(0, LABEL_CHARS_MAX) },
  }));
  const rows = elements.length > 0 ? [{ type: 'actions' as const, elements }] : [];
  return { text: text.slice(0, NOTICE_CHARS_MAX), blocks: [...words, ...rows] };
}

/** Bounds of Block Kit: buttons of a block, characters of a label and of a section. */
const BUTTONS_MAX = 25;
const LABEL_CHARS_MAX = 75;
const SECTION_CHARS_MAX = 3_000;
const NOTICE_CHARS_MAX = 3_000;

function plainBlocks(text: string) {
  const chunks = text.match(new RegExp(`[\\s\\S]{1,${SECTION_CHARS_MAX}}`, 'g')) ?? [];
  return chunks.map((chunk) => ({ type: 'section' as const, text: { type: 'plain_text' as const, text: chunk } }));
}

async function fetchFile({ token, fileHosts }: SlackCalls, url: string, signal: AbortSignal): Promise<Outcome> {
  // The token goes to Slack alone, whatever a message says.
  if (!URL.canParse(url) || !fileHosts.has(new URL(url).host)) return { kind: 'refused', why: 'no file of Slack' };
  return fetchImage(url, { headers: { authorization: `Bearer ${token}` }, signal });
}
