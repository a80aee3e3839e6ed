import { LIMITS } from '#libs/contract';
import type { Inbound } from '#libs/messengers';
import { newRunId } from '#libs/runs';
import { readButton, stoppedBy } from '../answers/asks.js';
import type { Opening } from '../answers/open-answer.js';
import type { Entry } from '../answers/ports.js';
import { noteId } from '../posting/posting.js';
import { ChatLost } from '../state/chat-book.js';
import type { AnswerTask, ChatState, NoticeTask } from '../state/chat-state.js';
import { giveAnswer, isAsked, isLetIn, readCommand, runCommand, stopAnswers, type Said } from './commands.js';

/**
 * Does what an entry of the inbox asks for, and changes the state, which covers the entry from then on. What is done
 * outside of the state may be done again. Rejects with GatewayError when it could not be done now: a second try is not
 * spoiled by what was changed.
 */
export async function takeEntry(opening: Opening, entry: Entry): Promise<void> {
  if (entry.kind === 'delivery') return takeDelivery(opening, entry);
  if (entry.kind === 'watch') return watch(opening, entry);
  // Of a newer version: what it means is not known here.
  if (entry.kind !== 'inbound') return undefined;
  const { inbound } = entry;
  noteServer(opening.book.state, inbound);
  if (inbound.kind === 'button') return press(opening, inbound);
  if (inbound.kind === 'stop') return void (await stopAnswers(opening, inbound.thread));
  return takeMessage(opening, entry.entryId, inbound);
}

async function takeMessage(opening: Opening, entryId: string, inbound: Said): Promise<void> {
  const { state } = opening.book;
  state.lastId = opening.capabilities.later(state.lastId, inbound.id);
  noteId(opening, inbound.id);
  const question = questionOf(opening, inbound);
  const isForUs = state.spokenIn?.includes(inbound.thread) || question?.ask.piece.id === inbound.thread;
  if (inbound.isUnaddressed && !isForUs) return undefined;
  if (inbound.thread !== '') noteThread(state, inbound.thread);
  const command = readCommand(inbound.text, opening.capabilities.commandSign);
  if (command) return say(opening, entryId, inbound, await runCommand(opening, command, inbound));
  if (!question) return begin(opening, entryId, inbound);
  const words = await giveAnswer(opening, { ...question, word: inbound.text, isButton: false });
  return words === 'Understood.' ? undefined : say(opening, entryId, inbound, words);
}

/**
 * The open question that a message answers, if its author may: the one that it replies to. On a platform without
 * replies that is the oldest one shown before it, in the same thread or at the head of it.
 */
function questionOf(opening: Opening, { repliesTo, userId, id, thread }: Said) {
  const { replies, later } = opening.capabilities;
  const isMeant = (at: string, shown: string | undefined): boolean => {
    if (shown === undefined) return false;
    if (replies) return shown === repliesTo;
    return (at === thread || shown === thread) && later(id, shown) === id;
  };
  return answerTasks(opening)
    .flatMap((task) => task.asks.map((ask) => ({ task, ask })))
    .find(({ task, ask: { isQuestion, over, piece } }) => {
      const isOpen = isQuestion && over === undefined;
      return isOpen && isAsked(task, userId) && isMeant(task.thread, piece.id);
    });
}

/** An older version does not say it: what is known stays. */
function noteServer(state: ChatState, { server }: Inbound): void {
  if (server !== undefined) state.server = server;
}

/** A message in such a thread is for the bot, whether it is mentioned or not. */
function noteThread(state: ChatState, thread: string): void {
  const others = (state.spokenIn ?? []).filter((one) => one !== thread);
  state.spokenIn = [...others, thread].slice(-LIMITS.chatThreadsMax);
}

function begin(opening: Opening, entryId: string, said: Said): void {
  const { book, messenger, chatId } = opening;
  const { state } = book;
  if (state.tasks.length >= LIMITS.chatTasksMax) {
    return say(opening, entryId, said, 'Too much is waiting here. Try again later.');
  }
  const { owner } = messenger.rulesOf(chatId, said.thread);
  const session = state.threads[said.thread]?.session ?? 0;
  state.tasks.push({
    kind: 'answer',
    id: entryId,
    thread: said.thread,
    isGroup: said.isGroup,
    userId: said.userId,
    messageId: said.id,
    runId: newRunId(),
    owner,
    sessionId: [messenger.platform.name, chatId, said.thread || '0', session].join(':'),
    prompt: { text: said.text, photos: said.photos },
    parts: [],
    asks: [],
  });
}

/** Twice as many as answers: then even refusals are left unsaid. */
function say({ book, messenger }: Opening, id: string, said: Said, text: string): void {
  const { tasks } = book.state;
  if (tasks.length >= 2 * LIMITS.chatTasksMax) return;
  const notice: NoticeTask = {
    kind: 'notice',
    id,
    thread: said.thread,
    isGroup: said.isGroup,
    text,
    parts: [],
    ...(messenger.replyMode !== 'off' && { replyTo: said.id }),
  };
  tasks.push(notice);
}

/** Why a job of this key must not write here: nobody let the bot in, or the chat is another key's. */
function closedTo(opening: Opening, entry: { owner: string; thread: string }) {
  const { book, messenger, chatId } = opening;
  if (!isLetIn(opening, book.state.homeBy)) return 'the chat is not on the allow-list of the messenger';
  const { owner } = messenger.rulesOf(chatId, entry.thread);
  return owner === entry.owner ? undefined : 'the chat belongs to another API key';
}

/** Everybody who is heard in the chat may answer what the run of a job asks. */
function watch(opening: Opening, entry: Extract<Entry, { kind: 'watch' }>): void {
  const { book, chatId, capabilities } = opening;
  if (closedTo(opening, entry) !== undefined || book.state.tasks.length >= LIMITS.chatTasksMax) return;
  book.state.tasks.push({
    kind: 'answer',
    id: entry.entryId,
    thread: entry.thread,
    isGroup: capabilities.isGroupChat(chatId),
    userId: '',
    messageId: '',
    asksOnly: true,
    runId: entry.runId,
    owner: entry.owner,
    sessionId: '',
    parts: [],
    asks: [],
  });
}

async function takeDelivery(opening: Opening, entry: Extract<Entry, { kind: 'delivery' }>): Promise<void> {
  const { book, chatId, capabilities, ports } = opening;
  const why = closedTo(opening, entry);
  const isFull = book.state.tasks.length >= LIMITS.chatTasksMax;
  const refusal = isFull ? 'too much waits in the chat' : why;
  if (refusal !== undefined) {
    ports.logger.warn({ chat: book.claim.chat, delivery: entry.entryId, why: refusal }, 'a delivery was refused');
    return ports.desk.settle(entry.entryId, { kind: 'failed', why: refusal });
  }
  book.state.tasks.push({
    kind: 'notice',
    id: entry.entryId,
    thread: entry.thread,
    isGroup: capabilities.isGroupChat(chatId),
    text: entry.text,
    isDelivery: true,
    parts: [],
  });
}

/** Later nobody looks at the words any more. */
const PRESS_MS_MAX = 10_000;

/** The press is answered at once and once: a crash before it was noted only shows the words again. */
async function press(opening: Opening, pressed: Extract<Inbound, { kind: 'button' }>): Promise<void> {
  const { caller, ports } = opening;
  const stopped = stoppedBy(answerTasks(opening), pressed.data);
  const found = readButton(answerTasks(opening), pressed.data);
  const words = stopped
    ? await stopAnswers(opening, stopped.thread, stopped)
    : await wordsFor(opening, found, pressed.userId);
  const step = { kind: 'pressed', queryId: pressed.queryId, text: words } as const;
  // Not awaited: during a penalty it would keep the rest of the inbox waiting, a /stop for example.
  void caller
    .call(async () => step, { kind: 'pressed', isGroup: pressed.isGroup, waitMsMax: PRESS_MS_MAX })
    .catch((cause: unknown) => {
      if (!(cause instanceof ChatLost))
        ports.logger.error({ err: cause }, 'who pressed a button could not be answered');
    });
}

async function wordsFor(opening: Opening, found: ReturnType<typeof readButton>, userId: string): Promise<string> {
  if (!found || found.ask.over !== undefined) return 'This question is over.';
  if (!isAsked(found.task, userId)) return 'Only who was asked can answer.';
  return giveAnswer(opening, { ...found, isButton: true });
}

const answerTasks = ({ book }: Opening): AnswerTask[] =>
  book.state.tasks.filter((task): task is AnswerTask => task.kind === 'answer');
