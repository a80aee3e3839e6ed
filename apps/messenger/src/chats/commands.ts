import { GatewayError } from '#libs/contract';
import type { Inbound } from '#libs/messengers';
import { answerOf } from '../answers/asks.js';
import type { Opening } from '../answers/open-answer.js';
import type { AnswerTask, Ask } from '../state/chat-state.js';

export type Said = Extract<Inbound, { kind: 'message' }>;

export interface Command {
  readonly name: string;
  readonly rest: string;
}

type Sign = Opening['capabilities']['commandSign'];

const HELP = [
  'new - begin a new conversation',
  'stop - stop what is being answered here',
  'status - what is going on',
  'model [name] - show or choose the model; "default" for the usual one',
  'approve [once|session|always] - allow what is asked',
  'deny - refuse what is asked',
  'sethome - deliver the results of jobs here',
  'help - this list',
];

const helpOf = (sign: Sign): string => HELP.map((line) => `${sign}${line}`).join('\n');

/** `/name@bot rest`, and `!name rest` where `!` is the platform's sign; undefined: no command. */
export function readCommand(text: string, sign: Sign): Command | undefined {
  const [, found, name, rest = ''] = /^([/!])(\w{1,32})(?:@\w+)?(?:\s+([\s\S]*))?$/.exec(text) ?? [];
  if (name === undefined || (found === '!' && sign !== '!')) return undefined;
  return { name: name.toLowerCase(), rest: rest.trim() };
}

/**
 * Does what a command says and gives the words for the chat. Doing it again changes nothing. Changes of the state are
 * saved by the caller. Rejects with GatewayError when it could not be done now.
 */
export async function runCommand(opening: Opening, { name, rest }: Command, said: Said): Promise<string> {
  const { commandSign: sign } = opening.capabilities;
  switch (name) {
    case 'start':
    case 'help':
      return helpOf(sign);
    case 'new':
      return newSession(opening, said);
    case 'stop':
      return stopAnswers(opening, said.thread);
    case 'status':
      return status(opening, said);
    case 'model':
      return chooseModel(opening, rest, said);
    case 'approve':
      return decide(opening, rest === '' ? 'once' : rest, said);
    case 'deny':
      return decide(opening, 'deny', said);
    case 'sethome':
      return setHome(opening, said);
    default:
      return `There is no command ${sign}${name}.\n\n${helpOf(sign)}`;
  }
}

function newSession({ book }: Opening, { thread }: Said): string {
  const { threads } = book.state;
  threads[thread] = { ...threads[thread], session: (threads[thread]?.session ?? 0) + 1 };
  return 'A new conversation has begun.';
}

/** Stops the answers of a thread, or one of them. @returns words for whoever wanted it. */
export async function stopAnswers(opening: Opening, thread: string, one?: AnswerTask): Promise<string> {
  const tasks = one ? [one] : answersIn(opening, thread).filter(({ asksOnly }) => !asksOnly);
  for (const task of tasks) {
    if (task.prompt) task.isStopped = true;
    // Also of one that is just being opened: a run that does not exist is none to cancel.
    await opening.ports.runs.cancel(task.runId, 'requested');
  }
  return tasks.length === 0 ? 'Nothing is going on here.' : 'Stopping.';
}

function status(opening: Opening, { thread }: Said): string {
  const { book, messenger, chatId } = opening;
  const all = answersIn(opening, thread);
  const tasks = all.filter(({ asksOnly }) => !asksOnly);
  const waiting = all.flatMap(({ asks }) => asks.filter(({ over }) => over === undefined)).length;
  const { model } = messenger.rulesOf(chatId, thread);
  const last = book.state.log.at(-1);
  return [
    `Model: ${book.state.threads[thread]?.model ?? model}`,
    `Answers under way or waiting: ${tasks.length}`,
    ...(waiting > 0 ? [`Questions that wait for an answer: ${waiting}`] : []),
    ...(last ? [`Last answer: ${last.outcome}`] : []),
  ].join('\n');
}

async function chooseModel(
  { book, ports, messenger, chatId, capabilities }: Opening,
  name: string,
  { thread }: Said,
): Promise<string> {
  const { commandSign: sign } = capabilities;
  const { threads } = book.state;
  const usual = messenger.rulesOf(chatId, thread).model;
  const workers = await ports.workers();
  const known = [...new Set(workers.flatMap(({ models }) => models.map((model) => model.name)))];
  if (name === '') {
    const list = known.slice(0, MODELS_SHOWN_MAX).map((one) => `- ${one}`);
    return [`Model: ${threads[thread]?.model ?? usual}`, 'There are:', ...list].join('\n');
  }
  const isKnown = known.includes(name) || workers.some(({ unknownModels }) => unknownModels !== 'reject');
  if (name !== 'default' && !isKnown)
    return `There is no model ${name.slice(0, 100)}. ${sign}model shows those there are.`;
  const { model: _, ...others } = threads[thread] ?? { session: 0 };
  threads[thread] = name === 'default' ? others : { ...others, model: name.slice(0, MODEL_CHARS_MAX) };
  return `Model: ${threads[thread]?.model ?? usual}`;
}

const MODELS_SHOWN_MAX = 50;
const MODEL_CHARS_MAX = 256;

async function decide(opening: Opening, word: string, said: Said): Promise<string> {
  const open = answersIn(opening, said.thread).flatMap((task) =>
    task.asks.filter(({ over }) => over === undefined).map((ask) => ({ task, ask })),
  );
  const found = open.find(({ task, ask }) => isAsked(task, said.userId) && (!ask.isQuestion || word === 'deny'));
  if (found) return giveAnswer(opening, { ...found, word, isButton: word === 'deny' });
  return open.length === 0
    ? 'Nothing is asked here.'
    : 'Only who was asked can answer, and a question needs its answer.';
}

/** Hands an answer on. @returns words for whoever gave it. */
export async function giveAnswer(
  { ports }: Opening,
  given: { readonly task: AnswerTask; readonly ask: Ask; readonly word: string; readonly isButton: boolean },
): Promise<string> {
  const { task, ask, word, isButton } = given;
  const answer = answerOf(ask, word, isButton);
  if (!answer) return 'That is no answer to this question.';
  try {
    await ports.runs.approve(task.runId, task.owner, { ...answer, requestId: ask.approvalId });
    return 'Understood.';
  } catch (cause) {
    if (cause instanceof GatewayError && !isPassing(cause)) return cause.message;
    throw cause;
  }
}

const isPassing = ({ code }: GatewayError): boolean => code === 'queue_unavailable' || code === 'unavailable';

/** Whether jobs may write into the chat: it or its server is on the list, or the user who made it a home is. */
export function isLetIn({ book, chatId, capabilities }: Opening, homeBy: string | undefined): boolean {
  const { server } = book.state;
  if (capabilities.isAllowedChat(chatId) || (homeBy !== undefined && capabilities.isAllowedUser(homeBy))) return true;
  return server !== undefined && capabilities.isAllowedChat(server);
}

async function setHome(opening: Opening, { thread, userId }: Said): Promise<string> {
  const { book, ports, messenger, chatId } = opening;
  if (!isLetIn(opening, userId)) return 'Jobs cannot deliver here: the chat is not on the allow-list of the messenger.';
  const { owner } = messenger.rulesOf(chatId, thread);
  const address = thread === '' ? chatId : `${chatId}:${thread}`;
  await ports.desk.setHome(owner, messenger.platform.name, address);
  book.state.homeBy = userId;
  return `Jobs of the key ${owner} that deliver to ${messenger.platform.name} deliver here.`;
}

/** Who began the answer; of a job's run everybody who is heard. */
export const isAsked = ({ userId }: AnswerTask, user: string): boolean => userId === '' || userId === user;

const answersIn = ({ book }: Opening, thread: string): AnswerTask[] =>
  book.state.tasks.filter((task): task is AnswerTask => task.kind === 'answer' && task.thread === thread);
