import { memoryChatDesk } from '#libs/bus';
import type { ChatDesk } from '#libs/contract';
import type { Capabilities, Content, Outcome, Platform, Step } from '#libs/messengers';
import { Caller } from '../../../apps/messenger/src/posting/caller.js';
import { place } from '../../../apps/messenger/src/posting/place.js';
import { ChatBook } from '../../../apps/messenger/src/state/chat-book.js';
import type { NoticeTask, Piece } from '../../../apps/messenger/src/state/chat-state.js';

const CHAT = 'fake:1';
const capabilities: Capabilities = {
  textMax: 100,
  paceOf: () => ({ chatGapMs: 0, platformGapMs: 0 }),
  commandSign: '/',
  stopButton: false,
  typing: true,
  replies: true,
  previewOf: () => 'edit',
  isAllowedChat: () => true,
  isAllowedUser: () => true,
  isGroupChat: () => false,
  render: (text) => [{ text }],
  candidates: (after, count) => Array.from({ length: count }, (_, i) => String(Number(after) + i + 1)),
  idBefore: () => '0',
  later: (a, b) => (Number(a) > Number(b) ? a : b),
};

class Crash extends Error {}

/** A chat on a platform, and a world that ends at the `at`th step, before its effect or after it. */
function world(at = Infinity, when: 'before' | 'after' = 'before') {
  const shown = new Map<string, string>();
  const posted: string[] = [];
  let [steps, nextId] = [0, 5];
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    const isLast = ++steps === at;
    if (isLast && when === 'before') throw new Crash();
    const done = await work();
    if (isLast) throw new Crash();
    return done;
  };
  let [answers, answersAfter]: (((step: Step) => Outcome | undefined) | undefined)[] = [];
  const post = async (call: Step): Promise<Outcome> => {
    const forced = answers?.(call);
    if (forced) return forced;
    const done = await act(call);
    return answersAfter?.(call) ?? done;
  };
  const act = async (call: Step): Promise<Outcome> => {
    posted.push(call.kind);
    if (call.kind === 'send') {
      const id = String(nextId++);
      shown.set(id, call.content.text);
      return { kind: 'done', id };
    }
    if (call.kind !== 'edit' || !shown.has(call.id)) return { kind: 'gone' };
    const isSame = shown.get(call.id) === call.content.text;
    shown.set(call.id, call.content.text);
    return { kind: isSame ? 'unchanged' : 'done' };
  };
  const memory = memoryChatDesk();
  const desk: ChatDesk = { ...memory, save: (...args) => step(() => memory.save(...args)) };
  const platform: Platform = {
    name: 'fake',
    capabilities,
    receive: async () => undefined,
    post: (call) => step(() => post(call)),
  };
  return {
    desk,
    platform,
    shown,
    posted,
    /** Somebody else writes. */
    skipId: () => void nextId++,
    answer: (with_: typeof answers) => void (answers = with_),
    /** The same, once the call has taken effect. */
    answerAfter: (with_: typeof answers) => void (answersAfter = with_),
    get ended() {
      return steps >= at;
    },
  };
}
type World = ReturnType<typeof world>;

const newTask = (): NoticeTask => ({ kind: 'notice', id: 'n', thread: '', isGroup: false, text: '', parts: [] });

/** A process that claims the chat, and shows these texts one after the other in one message. */
async function process({ desk, platform }: World, texts: readonly string[]): Promise<ChatBook> {
  await desk.put(CHAT, 'e', '');
  const [claim] = await desk.claim('a', { limit: 1, ttlMs: 0 });
  if (!claim) throw new Error('the chat was not claimed');
  const book = new ChatBook(desk, claim);
  if (book.state.tasks.length === 0) book.state.tasks.push(newTask());
  if (book.state.lastId === '0') book.state.lastId = '4';
  const piece = (book.state.tasks[0]!.parts[0] ??= {});
  const caller = new Caller({ desk, platform, onCall: () => undefined }, CHAT, book.over);
  for (const text of texts) {
    const content = (): Content => ({ text });
    await place({ book, caller, capabilities, chatId: '1' }, { piece, thread: '', isGroup: false, key: 'k', content });
  }
  return book;
}

const TEXTS = ['a', 'a b', 'a b c'];

describe.each(['before', 'after'] as const)('a process dies %s the effect of a step', (when) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('step %i: the chat ends with the final text once', async (at) => {
    const scene = world(at, when);
    await process(scene, TEXTS).catch((cause: unknown) => {
      if (!(cause instanceof Crash)) throw cause;
    });
    // Others write before the next process comes.
    scene.skipId();
    await process(scene, TEXTS.slice(-1));
    expect([...scene.shown.values()]).toEqual(['a b c']);
  });
});

test('without a crash a message is sent once and then edited', async () => {
  const scene = world();
  await process(scene, TEXTS);
  expect(scene.posted).toEqual(['send', 'edit', 'edit']);
});

test('a look-up takes no message that is known to be another one', async () => {
  const scene = world();
  const book = await process(scene, ['first']);
  const piece = { sending: { after: '4' } };
  const { desk, platform, shown } = scene;
  const caller = new Caller({ desk, platform, onCall: () => undefined }, CHAT, book.over);
  const placement = { piece, thread: '', isGroup: false, key: 'k', content: (): Content => ({ text: 'second' }) };
  await place({ book, caller, capabilities, chatId: '1' }, placement);
  expect([...shown.values()]).toEqual(['first', 'second']);
});

test('marks that are refused are left out; another refusal ends the message, and is told', async () => {
  const scene = world();
  const sent: Content[] = [];
  scene.answer((call) => {
    if (call.kind !== 'send') return undefined;
    sent.push(call.content);
    if (call.content.entities) return { kind: 'refused', why: 'marks', markup: true };
    return { kind: 'refused', why: 'blocked' };
  });
  const book = await process(scene, []);
  const piece = book.state.tasks[0]!.parts[0]!;
  const caller = new Caller({ desk: scene.desk, platform: scene.platform, onCall: () => undefined }, CHAT, book.over);
  const content = (): Content => ({ text: 'x', entities: [{ type: 'bold', offset: 0, length: 1 }] });
  await place({ book, caller, capabilities, chatId: '1' }, { piece, thread: '', isGroup: false, key: 'k', content });
  expect(sent).toEqual([{ text: 'x', entities: [expect.anything()] }, { text: 'x' }]);
  expect(piece).toEqual({ isPlain: true, refused: 'blocked' });
});

test('a message that somebody deleted is sent again once', async () => {
  const scene = world();
  await process(scene, ['a']);
  scene.shown.clear();
  await process(scene, ['b']);
  expect([...scene.shown.values()]).toEqual(['b']);
});

test('who lost the chat sends nothing', async () => {
  const scene = world();
  const book = await process(scene, ['a']);
  await scene.desk.claim('b', { limit: 1, ttlMs: 60_000 });
  const { desk, platform } = scene;
  const caller = new Caller({ desk, platform, onCall: () => undefined }, CHAT, book.over);
  const placement = { piece: {}, thread: '', isGroup: false, key: 'k', content: (): Content => ({ text: 'b' }) };
  await expect(place({ book, caller, capabilities, chatId: '1' }, placement)).rejects.toMatchObject({
    name: 'ChatLost',
  });
  expect([...scene.shown.values()]).toEqual(['a']);
});

describe('chats that count their ids together', () => {
  const shared: Capabilities = { ...capabilities, sharesIds: true };
  const postingOf = async ({ desk, platform }: World, chat: string) => {
    await desk.put(`fake:${chat}`, `e${chat} ${Math.random()}`, '');
    const claims = await desk.claim('a', { limit: 99, ttlMs: 0 });
    const claim = claims.find((one) => one.chat === `fake:${chat}`);
    if (!claim) throw new Error('the chat was not claimed');
    const book = new ChatBook(desk, claim);
    const caller = new Caller({ desk, platform, onCall: () => undefined }, `fake:${chat}`, book.over);
    return { book, caller, capabilities: shared, chatId: chat };
  };
  const placement = (text: string, piece: Piece = {}) => {
    return { piece, thread: '', isGroup: false, key: text, content: () => ({ text }) };
  };

  test('a lost message is found although others took many ids before it', async () => {
    const scene = world();
    for (let i = 0; i < 20; i++) scene.skipId();
    await place(await postingOf(scene, '2'), placement('elsewhere'));
    // Another process knows of it by what was noted alone.
    let cuts = 0;
    scene.answerAfter((step) => (step.kind === 'send' && cuts++ === 0 ? { kind: 'unknown', why: 'cut' } : undefined));
    await place(await postingOf(scene, '1'), placement('here'));
    expect([...scene.shown.values()]).toEqual(['elsewhere', 'here']);
  });

  test('a lost message is found although others took many ids between what was known and the send', async () => {
    const scene = world();
    const piece: Piece = { sending: { after: '4' } };
    for (let i = 0; i < 30; i++) await place(await postingOf(scene, `${10 + i}`), placement(`elsewhere ${i}`));
    // The send took effect after them, and its process died before it knew.
    await scene.platform.post(
      { kind: 'send', chat: '1', thread: '', content: { text: 'her' }, key: 'k' },
      new AbortController().signal,
    );
    await place(await postingOf(scene, '1'), placement('here', piece));
    expect([...scene.shown.values()].filter((text) => text.startsWith('her'))).toEqual(['here']);
    expect(scene.shown.size).toBe(31);
  });
});
