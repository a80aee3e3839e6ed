import { createHash } from 'node:crypto';
import type { MessageEntity } from '@grammyjs/types';
import { LIMITS } from '#libs/contract';
import { InputFile, type RawApi } from 'grammy';
import { fetchImage } from '../fetch-image.js';
import type { Content, Outcome, Step } from '../port.js';
import { asSignal } from './as-signal.js';
import { readOutcome } from './read-outcome.js';

export interface TelegramCalls {
  readonly raw: RawApi;
  /** Where a file is fetched; has the token in it. */
  fileUrl(path: string): string;
}

/** Makes one call of the Bot API. Never rejects. */
export async function postStep(calls: TelegramCalls, step: Step, signal: AbortSignal): Promise<Outcome> {
  try {
    return await makeCall(calls, step, signal);
  } catch (cause) {
    return readOutcome(cause);
  }
}

async function makeCall(calls: TelegramCalls, step: Step, signal: AbortSignal): Promise<Outcome> {
  const { raw } = calls;
  const until = asSignal(signal);
  switch (step.kind) {
    case 'send':
      return send(raw, step, signal);
    case 'edit': {
      const { chat: chat_id, content } = step;
      const message_id = Number(step.id);
      if (content.file) await raw.editMessageCaption({ chat_id, message_id, caption: content.text }, until);
      else await raw.editMessageText({ chat_id, message_id, ...bodyOf(content) }, until);
      return { kind: 'done' };
    }
    case 'draft': {
      const { text, entities } = bodyOf(step.content);
      const draft = { draft_id: draftIdOf(step.key), text, ...(entities && { entities }), can_stop: true };
      await raw.sendMessageDraft({ chat_id: Number(step.chat), ...threadOf(step.thread), ...draft }, until);
      return { kind: 'done' };
    }
    case 'remove':
      await raw.deleteMessage({ chat_id: step.chat, message_id: Number(step.id) }, until);
      return { kind: 'done' };
    case 'typing':
      await raw.sendChatAction({ chat_id: step.chat, ...threadOf(step.thread), action: 'typing' }, until);
      return { kind: 'done' };
    case 'pressed':
      await raw.answerCallbackQuery({ callback_query_id: step.queryId, text: step.text }, until);
      return { kind: 'done' };
    case 'fetch':
      return fetchFile(calls, step.fileId, signal);
    case 'find':
    case 'begin':
    case 'append':
    case 'finish':
      return { kind: 'refused', why: 'Telegram has no such call' };
  }
}

async function send(raw: RawApi, step: Extract<Step, { kind: 'send' }>, signal: AbortSignal): Promise<Outcome> {
  const { chat: chat_id, content, replyTo } = step;
  const { file, text: caption } = content;
  // A question that was deleted meanwhile is answered all the same.
  const reply = replyTo !== undefined && {
    reply_parameters: { message_id: Number(replyTo), allow_sending_without_reply: true },
  };
  const place = { chat_id, ...threadOf(step.thread), ...reply };
  const until = asSignal(signal);
  const sent = file
    ? await raw.sendDocument({ ...place, document: new InputFile(Buffer.from(file.text), file.name), caption }, until)
    : await raw.sendMessage({ ...place, ...bodyOf(content) }, until);
  return { kind: 'done', id: String(sent.message_id) };
}

/** Not zero, and the same for every text of a message. */
const draftIdOf = (key: string): number => createHash('sha256').update(key).digest().readUInt32BE() % 2 ** 30 || 1;

const threadOf = (thread: string): { message_thread_id?: number } =>
  thread === '' ? {} : { message_thread_id: Number(thread) };

function bodyOf({ text, entities, buttons }: Content) {
  const rows = (buttons ?? []).map((row) => row.map(({ text: label, data }) => ({ text: label, callback_data: data })));
  return {
    text,
    ...(entities && { entities: entities as unknown as MessageEntity[] }),
    link_preview_options: { is_disabled: true },
    ...(buttons && { reply_markup: { inline_keyboard: rows } }),
  };
}

/** getFile, then the file itself. Photos of Telegram are JPEG, whatever they were. */
async function fetchFile({ raw, fileUrl }: TelegramCalls, fileId: string, signal: AbortSignal): Promise<Outcome> {
  const { file_path: path, file_size: bytes = 0 } = await raw.getFile({ file_id: fileId }, asSignal(signal));
  if (path === undefined || bytes > LIMITS.chatPhotoBytesMax) return { kind: 'refused', why: 'the photo is too large' };
  return fetchImage(fileUrl(path), { type: 'image/jpeg', signal });
}
