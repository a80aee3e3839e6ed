import { createHash } from 'node:crypto';
import { hasEnded, pendingCalls, type JsonObject, type PendingCall, type RunSnapshot } from '#libs/contract';
import type { Capabilities, Content } from '#libs/messengers';
import type { AnswerTask, Ask, AskAnswer } from '../state/chat-state.js';

const ARGUMENTS_CHARS_MAX = 1_000;
/** With "Decline" fewer than the 25 buttons that a message can have. */
const CHOICES_MAX = 20;
const CHOICE_CHARS_MAX = 60;
const MORE_CHARS_MAX = 500;
const MESSAGE_CHARS_MAX = 3_000;
const DECISIONS = ['once', 'session', 'always', 'deny'] as const;
const LABELS: Readonly<Record<(typeof DECISIONS)[number], string>> = {
  once: 'Allow once',
  session: 'Allow in this chat',
  always: 'Always allow',
  deny: 'Deny',
};

type AskTerms = Pick<Capabilities, 'replies' | 'textMax'>;

/** Notes what the run asks now, and how earlier questions ended. @returns whether anything is new. */
export function noteAsks(task: AnswerTask, snapshot: RunSnapshot, terms: AskTerms): boolean {
  let isNew = false;
  for (const call of pendingCalls(snapshot)) {
    if (task.asks.some(({ approvalId }) => approvalId === call.approval.approvalId)) continue;
    task.asks.push(askOf(call, terms, (isFree) => hintOf(task, { isFree, replies: terms.replies })));
    isNew = true;
  }
  for (const ask of task.asks) {
    const over = ask.over === undefined ? endOf(ask, snapshot) : undefined;
    if (over === undefined) continue;
    ask.over = over;
    isNew = true;
  }
  return isNew;
}

/** The message of an ask, of `textMax` UTF-16 units. It has no marks: arguments of a model are shown as they are. */
export function askContent({ question, choices, isQuestion, over, key }: Ask, textMax: number): Content {
  if (over !== undefined) return { text: `${cut(question, textMax - over.length - 2)}\n\n${over}` };
  const labelled = isQuestion
    ? [...choices.map((choice, i) => [choice, `c${i}`] as const), ['Decline', 'deny'] as const]
    : DECISIONS.map((decision) => [LABELS[decision], decision] as const);
  return { text: cut(question, textMax), buttons: labelled.map(([text, data]) => [{ text, data: `${key}:${data}` }]) };
}

/** The button that stops an answer. */
export function stopButtons({ id }: AnswerTask): NonNullable<Content['buttons']> {
  return [[{ text: 'Stop', data: `${STOP}:${keyOf(id)}` }]];
}

/** The answer that a stop button belongs to. */
export function stoppedBy(tasks: readonly AnswerTask[], data: string): AnswerTask | undefined {
  const [word, key] = data.split(':');
  return word === STOP ? tasks.find(({ id }) => keyOf(id) === key) : undefined;
}

const STOP = 'stop';
const keyOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Which open ask of these tasks a button belongs to, and what pressing it says. */
export function readButton(
  tasks: readonly AnswerTask[],
  data: string,
): { task: AnswerTask; ask: Ask; word: string } | undefined {
  const [key, word = ''] = data.split(':');
  for (const task of tasks) {
    const ask = task.asks.find((one) => one.key === key);
    if (ask) return { task, ask, word };
  }
  return undefined;
}

/** What a button's word, or the text of a reply, answers; undefined: nothing. */
export function answerOf({ isQuestion, choices }: Ask, word: string, isButton: boolean): AskAnswer | undefined {
  const decision = DECISIONS.find((one) => one === word.trim().toLowerCase());
  if (!isQuestion) return decision && { decision };
  if (isButton && decision === 'deny') return { decision };
  const chosen = isButton ? choices[Number(/^c(\d+)$/.exec(word)?.[1] ?? '-1')] : word;
  return chosen === undefined ? undefined : { decision: 'once', answers: chosen };
}

/** How a question is answered in words. Without replies it is by place and order, see `questionOf`. */
function hintOf({ thread, isGroup }: AnswerTask, { isFree, replies }: { isFree: boolean; replies: boolean }): string {
  if (replies) return isFree ? 'Reply to this message with your answer.' : '';
  const words = isGroup && thread === '' ? 'in the thread of this message' : 'with your next message here';
  return isFree ? `Answer ${words}.` : `Choose, or answer ${words}.`;
}

const cut = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - CUT.length).replace(/[\uD800-\uDBFF]$/, '')}${CUT}`;
const CUT = ' ...';

type HintFor = (isFree: boolean) => string;

function askOf({ approval, name, arguments: args }: PendingCall, { textMax }: AskTerms, hintFor: HintFor): Ask {
  const { approvalId, ask } = approval;
  const key = keyOf(approvalId);
  if (!ask) {
    const question = `May ${name} be called?\n\n${cut(args, ARGUMENTS_CHARS_MAX)}`;
    return { key, approvalId, piece: {}, question, choices: [], isQuestion: false };
  }
  const [first] = ask.questions;
  const { url = '' } = first ?? {};
  // Half of one is worse than none.
  const link = url.length > textMax / 2 ? '[The link is too long for this chat.]' : url;
  const message = ask.questions.map((one) => one.message).join('\n\n');
  const offered = choicesOf(first?.schema);
  const choices = offered.slice(0, CHOICES_MAX);
  const rest = offered.length - choices.length;
  const hint = hintFor(choices.length === 0 || rest > 0);
  const more = rest === 0 ? '' : `${rest} more choices have no button: ${offered.slice(CHOICES_MAX).join(', ')}`;
  // What is asked is cut, not how to answer it.
  const tail = [link, cut(more, MORE_CHARS_MAX), hint].filter((part) => part !== '').map((part) => `\n\n${part}`);
  const messageMax = Math.min(MESSAGE_CHARS_MAX, textMax - tail.join('').length);
  const question = cut(message, messageMax) + tail.join('');
  return { key, approvalId, piece: {}, question, choices, isQuestion: true };
}

/** Of a question with one property: the values that it offers. */
function choicesOf(schema: JsonObject | undefined): readonly string[] {
  const [property] = Object.values((schema?.['properties'] ?? {}) as JsonObject);
  const { enum: fixed, examples } = (property ?? {}) as { enum?: unknown; examples?: unknown };
  const list = Array.isArray(fixed) ? fixed : Array.isArray(examples) ? examples : [];
  return list
    .filter((one): one is string => typeof one === 'string')
    .map((one) => (one.length > CHOICE_CHARS_MAX && !Array.isArray(fixed) ? one.slice(0, CHOICE_CHARS_MAX) : one));
}

function endOf({ approvalId, isQuestion }: Ask, snapshot: RunSnapshot): string | undefined {
  for (const item of snapshot.items) {
    const approval = item.type === 'tool_call' && item.approval?.approvalId === approvalId ? item.approval : undefined;
    if (approval?.decision === undefined) continue;
    if (approval.by === 'timeout') return 'Not answered in time.';
    if (approval.decision === 'deny') return isQuestion ? 'Declined.' : 'Denied.';
    return isQuestion ? 'Answered.' : `Allowed (${approval.decision}).`;
  }
  return hasEnded(snapshot) ? 'Over.' : undefined;
}
