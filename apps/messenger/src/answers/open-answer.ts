import { GatewayError, type ContentPart, type RunDraft, type ToolChoice, type UserMessage } from '#libs/contract';
import { newRunId } from '#libs/runs';
import { rest } from '../state/bell.js';
import { ChatLost } from '../state/chat-book.js';
import type { AnswerTask } from '../state/chat-state.js';
import type { Posting } from '../posting/posting.js';
import type { AnswerPorts, Messenger } from './ports.js';

const AGAIN_MS = 1_000;
const PHOTO_TRIES_MAX = 5;
/** For so long a run is tried to be opened while there is no room for it. */
const OPEN_MS_MAX = 600_000;

export interface Opening extends Posting {
  readonly ports: AnswerPorts;
  readonly messenger: Messenger;
}

/**
 * Opens the run of a task, once: its id was written down with the message, so a second try finds the first one's run.
 * @returns why it cannot be opened, in words for the chat; undefined: it is open.
 */
export async function openAnswer(opening: Opening, task: AnswerTask): Promise<string | undefined> {
  const { book, ports } = opening;
  const deadline = ports.now() + OPEN_MS_MAX;
  while (task.prompt) {
    if (book.over.aborted) throw new ChatLost(book.claim.chat);
    let isBegun = false;
    try {
      if (!(await ports.runs.head(task.runId))) {
        isBegun = true;
        await start(opening, task, task.prompt);
      }
      isBegun = false;
      delete task.prompt;
      await book.save();
      // Somebody stopped it while there was no run to stop.
      if (task.isStopped) await ports.runs.cancel(task.runId, 'requested');
    } catch (cause) {
      const pause = pauseOf(cause);
      if (pause === undefined || ports.now() > deadline) return wordsOf(cause);
      // What could not be opened whole was taken back, and is over: another try is another run.
      if (isBegun) {
        await ports.runs.cancel(task.runId, 'requested').catch(() => undefined);
        task.runId = newRunId();
        await book.save();
      }
      await rest(pause, book.over);
    }
  }
  return undefined;
}

async function start(opening: Opening, task: AnswerTask, prompt: NonNullable<AnswerTask['prompt']>): Promise<void> {
  const { messenger, ports, book, chatId } = opening;
  const rules = messenger.rulesOf(chatId, task.thread);
  const model = book.state.threads[task.thread]?.model ?? rules.model;
  const draft: RunDraft = {
    protocol: 'messenger',
    model,
    sessionId: task.sessionId,
    messages: [await messageOf(opening, task, prompt)],
    tools: [],
    toolChoice: await toolChoiceOf(ports, rules.tools),
    sampling: {},
    onDisconnect: 'continue',
    stream: true,
    echo: {},
    ...(rules.instructions !== undefined && { instructions: rules.instructions }),
  };
  const run = { draft, owner: task.owner, model, turn: { whenBusy: 'wait' } } as const;
  await ports.runs.start(run, { runId: task.runId });
}

async function messageOf(
  opening: Opening,
  task: AnswerTask,
  { text, photos }: NonNullable<AnswerTask['prompt']>,
): Promise<UserMessage> {
  if (photos.length === 0) return { role: 'user', content: text };
  const images: ContentPart[] = [];
  for (const fileId of photos) images.push({ type: 'image', url: await photoOf(opening, task, fileId) });
  return { role: 'user', content: text === '' ? images : [{ type: 'text', text }, ...images] };
}

async function photoOf({ caller, book }: Opening, { isGroup }: AnswerTask, fileId: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    const outcome = await caller.call(async () => ({ kind: 'fetch', fileId }), { kind: 'fetch', isGroup });
    if (outcome?.kind === 'done' && outcome.data !== undefined) return outcome.data;
    const isFinal = outcome?.kind === 'refused' || tries >= PHOTO_TRIES_MAX;
    if (isFinal) throw new GatewayError('invalid_request', 'The photo could not be fetched.');
    await rest(AGAIN_MS, book.over);
  }
}

/** Names of tools as workers offer them now. */
async function toolChoiceOf({ workers }: AnswerPorts, patterns: readonly string[] | undefined): Promise<ToolChoice> {
  if (patterns === undefined) return { kind: 'auto' };
  if (patterns.length === 0) return { kind: 'none' };
  const known = (await workers()).flatMap(({ tools }) => tools);
  const fits = (name: string): boolean =>
    patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
  return { kind: 'allowed', mode: 'auto', names: [...new Set(known.filter(fits))] };
}

/** How long to wait before another try, in ms; undefined: another try would fail as well. */
function pauseOf(cause: unknown): number | undefined {
  if (!(cause instanceof GatewayError)) return undefined;
  const isAway = cause.code === 'queue_unavailable' || cause.code === 'unavailable';
  if (cause.retryAfterSeconds === undefined && !isAway) return undefined;
  return (cause.retryAfterSeconds ?? 1) * AGAIN_MS;
}

const wordsOf = (cause: unknown): string =>
  cause instanceof GatewayError ? `[${cause.message}]` : '[The answer could not be begun]';
