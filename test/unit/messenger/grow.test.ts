import { memoryChatDesk } from '#libs/bus';
import type { ChatDesk } from '#libs/contract';
import type { Capabilities, Content, Outcome, Platform, Step } from '#libs/messengers';
import { Caller } from '../../../apps/messenger/src/posting/caller.js';
import { grow } from '../../../apps/messenger/src/posting/grow.js';
import { place } from '../../../apps/messenger/src/posting/place.js';
import { ChatBook } from '../../../apps/messenger/src/state/chat-book.js';
import type { NoticeTask } from '../../../apps/messenger/src/state/chat-state.js';

const CHAT = 'fake:1';
const capabilities: Capabilities = {
  textMax: 100,
  paceOf: () => ({ chatGapMs: 0, platformGapMs: 0 }),
  commandSign: '!',
  stopButton: true,
  typing: false,
  replies: false,
  previewOf: () => 'stream',
  isAllowedChat: () => true,
  isAllowedUser: () => true,
  isGroupChat: () => true,
  render: (text) => [{ text }],
  idBefore: () => '4',
  later: (a, b) => (Number(a) > Number(b) ? a : b),
};

class Crash extends Error {}

/** A platform with messages that grow; a message that grows takes no edit. The world ends at the `at`th step. */
function world(at = Infinity, when: 'before' | 'after' = 'before') {
  const shown = new Map<string, { text: string; grows: boolean }>();
  const posted: string[] = [];
  let [steps, nextId] = [0, 5];
  let answers: ((step: Step) => Outcome | undefined) | undefined;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    const isLast = ++steps === at;
    if (isLast && when === 'before') throw new Crash();
    const done = await work();
    if (isLast) throw new Crash();
    return done;
  };
  const add = (text: string, grows: boolean): Outcome => {
    const id = String(nextId++);
    shown.set(id, { text, grows });
    return { kind: 'done', id };
  };
  const post = async (call: Step): Promise<Outcome> => {
    const forced = answers?.(call);
    if (forced) return forced;
    posted.push(call.kind);
    const message = 'id' in call ? shown.get(call.id) : undefined;
    switch (call.kind) {
      case 'send':
        return add(call.content.text, false);
      case 'begin':
        return add(call.text, true);
      case 'find': {
        const id = [...shown.keys()].find((one) => Number(one) > Number(call.after) && !call.known.includes(one));
        return id === undefined ? { kind: 'gone' } : { kind: 'done', id };
      }
      case 'append':
      case 'finish':
        if (!message?.grows) return { kind: 'gone' };
        message.text += call.text ?? '';
        message.grows = call.kind === 'append';
        return { kind: 'done' };
      case 'edit':
        if (!message) return { kind: 'gone' };
        if (message.grows) throw new Error('a growing message was edited');
        message.text = call.content.text;
        return { kind: 'done' };
      default:
        return { kind: 'done' };
    }
  };
  const memory = memoryChatDesk();
  const desk: ChatDesk = { ...memory, save: (...args) => step(() => memory.save(...args)) };
  const platform: Platform = {
    name: 'fake',
    capabilities,
    receive: async () => undefined,
    post: (call) => step(() => post(call)),
  };
  return { desk, platform, shown, posted, answer: (with_: typeof answers) => void (answers = with_) };
}
type World = ReturnType<typeof world>;

/** A process that claims the chat, lets these texts grow in one message, and ends with the last one. */
async function process({ desk, platform }: World, growing: readonly string[], final: string): Promise<ChatBook> {
  await desk.put(CHAT, 'e', '');
  const [claim] = await desk.claim('a', { limit: 1, ttlMs: 0 });
  if (!claim) throw new Error('the chat was not claimed');
  const book = new ChatBook(desk, claim);
  const task: NoticeTask = { kind: 'notice', id: 'n', thread: '9', isGroup: true, text: '', parts: [] };
  if (book.state.tasks.length === 0) book.state.tasks.push(task);
  const piece = (book.state.tasks[0]!.parts[0] ??= {});
  const caller = new Caller({ desk, platform, onCall: () => undefined }, CHAT, book.over);
  const posting = { book, caller, capabilities, chatId: '1' };
  const placement = (text: string) => {
    return { piece, thread: '9', isGroup: true, key: 'k', content: (): Content => ({ text }) };
  };
  for (const text of growing) {
    const one = { ...placement(text), userId: 'u', isPreview: true };
    if (!(await grow(posting, one))) await place(posting, one);
  }
  await place(posting, placement(final));
  return book;
}

const TEXTS = ['a', 'a b', 'a b c'];
const FINAL = 'a b c d';
const textsOf = ({ shown }: World): string[] => [...shown.values()].map(({ text }) => text);

test('a text grows: begun, appended to, ended with the rest', async () => {
  const scene = world();
  await process(scene, TEXTS, FINAL);
  expect(scene.posted).toEqual(['begin', 'append', 'append', 'finish']);
  expect([...scene.shown.values()]).toEqual([{ text: FINAL, grows: false }]);
});

describe.each(['before', 'after'] as const)('a process dies %s the effect of a step', (when) => {
  test.each(Array.from({ length: 14 }, (_, i) => i + 1))('step %i: the final text once', async (at) => {
    const scene = world(at, when);
    await process(scene, TEXTS, FINAL).catch((cause: unknown) => {
      if (!(cause instanceof Crash)) throw cause;
    });
    await process(scene, [], FINAL);
    expect([...scene.shown.values()]).toEqual([{ text: FINAL, grows: false }]);
  });
});

test('a text that changes where it was shown is ended and edited', async () => {
  const scene = world();
  await process(scene, ['a', 'a b'], 'x y');
  expect(textsOf(scene)).toEqual(['x y']);
  expect(scene.posted).toEqual(['begin', 'append', 'finish', 'edit']);
});

test('where nothing may grow, and where somebody stopped it, edits go on', async () => {
  const refused = world();
  refused.answer(({ kind }) => (kind === 'begin' ? { kind: 'refused', why: 'no streams here' } : undefined));
  await process(refused, TEXTS, FINAL);
  expect(refused.posted).toEqual(['send', 'edit', 'edit', 'edit']);
  const stopped = world();
  stopped.answer((call) => {
    if (call.kind !== 'append') return undefined;
    stopped.shown.get(call.id)!.grows = false;
    return { kind: 'gone' };
  });
  await process(stopped, TEXTS, FINAL);
  expect(stopped.posted).toEqual(['begin', 'edit', 'edit']);
  expect(textsOf(stopped)).toEqual([FINAL]);
});
