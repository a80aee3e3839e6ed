import { memoryChatDesk } from '#libs/bus';
import type { RunSnapshot } from '#libs/contract';
import type { Capabilities, Outcome, Step } from '#libs/messengers';
import type { Opening } from '../../../apps/messenger/src/answers/open-answer.js';
import { Caller } from '../../../apps/messenger/src/posting/caller.js';
import { ChatBook } from '../../../apps/messenger/src/state/chat-book.js';
import type { AnswerTask } from '../../../apps/messenger/src/state/chat-state.js';
import { runSnapshot } from '../run-snapshot.js';

const CAPABILITIES: Capabilities = {
  textMax: 100,
  paceOf: () => ({ chatGapMs: 0, platformGapMs: 0 }),
  commandSign: '!',
  stopButton: false,
  typing: false,
  replies: true,
  previewOf: () => 'edit',
  isAllowedChat: () => false,
  isAllowedUser: () => false,
  isGroupChat: () => true,
  render: (text) => [{ text }],
  idBefore: () => '0',
  later: (a, b) => (Number(a) > Number(b) ? a : b),
};

export interface ChatWorld {
  readonly capabilities?: Partial<Capabilities>;
  /** What every run of the chat has come to. */
  readonly snapshot?: RunSnapshot;
  /** What a call comes to; undefined: it is done. */
  post?(step: Step): Outcome | undefined;
}

/** A claimed chat on a platform that does what it is told, with runs that stand still. */
export async function chatOpening(world: ChatWorld = {}) {
  const capabilities = { ...CAPABILITIES, ...world.capabilities };
  const posted: Step[] = [];
  const given: unknown[] = [];
  const homes: string[] = [];
  let nextId = 5;
  const post = async (step: Step): Promise<Outcome> => {
    posted.push(step);
    return world.post?.(step) ?? { kind: 'done', ...(step.kind === 'send' && { id: String(nextId++) }) };
  };
  const memory = memoryChatDesk();
  const desk = { ...memory, setHome: async (...home: string[]) => void homes.push(home.join(' ')) };
  await desk.put('fake:1', 'e', '');
  const [found] = await desk.claim('a', { limit: 1, ttlMs: 60_000 });
  if (!found) throw new Error('the chat was not claimed');
  await desk.save(found, '', 1);
  const claim = { ...found };
  const book = new ChatBook(desk, claim);
  const platform = { name: 'fake', capabilities, receive: async () => undefined, post };
  const caller = new Caller({ desk, platform, onCall: () => undefined }, 'fake:1', book.over);
  const runs = {
    find: async () => ({ kind: 'stored', snapshot: world.snapshot ?? runSnapshot() }),
    approve: async (_run: string, _owner: string, answer: unknown) => void given.push(answer),
    cancel: async () => undefined,
  };
  const logged: string[] = [];
  const note = (fields: object, text: string): void => void logged.push(`${text} ${JSON.stringify(fields)}`);
  const logger = { debug: () => undefined, warn: note, error: note };
  const opening = {
    book,
    caller,
    capabilities,
    chatId: '1',
    ports: { runs, desk, logger, now: () => Date.now(), workers: async () => [] },
    messenger: {
      platform,
      replyMode: 'off',
      pace: { firstTokens: 1, editMs: 0 },
      rulesOf: () => ({ owner: 'alice', model: 'demo' }),
    },
  } as unknown as Opening;
  return { opening, claim, desk, posted, given, homes, logged, state: book.state };
}

/** An answer whose run is open. */
export const answerTask = (fields: Partial<AnswerTask> = {}): AnswerTask => ({
  kind: 'answer',
  id: 'a1',
  thread: '',
  isGroup: true,
  userId: '7',
  messageId: '3',
  runId: 'run_1',
  owner: 'alice',
  sessionId: 's',
  parts: [],
  asks: [],
  ...fields,
});
