import { LIMITS, type ChatClaim, type ChatDesk, type ChatOutcome } from '#libs/contract';

interface Chat {
  epoch: number;
  owner: string;
  state: string;
  inbox: string[];
  /** When the chat may be claimed. Absent when it has no work. */
  dueAt?: number;
  /** When the next call may be made. */
  nextAt: number;
}

/** The chats in memory, for tests. @param now the clock, in ms. */
export function memoryChatDesk(now: () => number = Date.now): ChatDesk {
  const chats = new Map<string, Chat>();
  const seen = new Set<string>();
  const chatOf = (name: string): Chat => {
    const chat = chats.get(name) ?? { epoch: 0, owner: '', state: '', inbox: [], nextAt: 0 };
    chats.set(name, chat);
    return chat;
  };
  const ours = ({ chat, epoch }: ChatClaim): Chat | undefined => {
    const found = chatOf(chat);
    return found.epoch === epoch && found.owner !== '' ? found : undefined;
  };
  return {
    async put(name, entryId, entry) {
      if (seen.has(entryId)) return 'seen';
      const chat = chatOf(name);
      if (chat.inbox.length >= LIMITS.chatInboxMax) return 'full';
      seen.add(entryId);
      chat.inbox.push(entry);
      if (chat.owner === '' || chat.dueAt === undefined) chat.dueAt = now();
      return 'new';
    },
    async claim(holder, { limit, ttlMs }) {
      const isDue = ({ dueAt = Infinity }: Chat): boolean => dueAt <= now();
      const due = [...chats].filter(([, chat]) => isDue(chat)).sort(([, a], [, b]) => (a.dueAt ?? 0) - (b.dueAt ?? 0));
      return due.slice(0, limit).map(([name, chat]) => {
        Object.assign(chat, { owner: holder, epoch: chat.epoch + 1, dueAt: now() + ttlMs });
        return { chat: name, epoch: chat.epoch, state: chat.state };
      });
    },
    async keep(claim, ttlMs) {
      const chat = ours(claim);
      if (chat) chat.dueAt = now() + ttlMs;
      return chat !== undefined;
    },
    waiting: async (names) => names.map((name) => chatOf(name).inbox.length),
    entries: async (name, limit) => chatOf(name).inbox.slice(0, limit),
    async save(claim, state, taken) {
      const chat = ours(claim);
      if (chat) Object.assign(chat, { state, inbox: chat.inbox.slice(taken) });
      return chat !== undefined;
    },
    async release(claim, wakeMs) {
      const chat = ours(claim);
      if (!chat) return;
      chat.owner = '';
      if (chat.inbox.length > 0) chat.dueAt = now();
      else if (wakeMs !== undefined) chat.dueAt = now() + wakeMs;
      else delete chat.dueAt;
    },
    ...timesOf(chatOf, now),
    ...idNotes(),
    ...notes(now),
  };
}

function idNotes(): Pick<ChatDesk, 'noteId' | 'idsAfter' | 'highestId'> {
  const ids = new Map<string, readonly number[]>();
  const idsOf = (platform: string): readonly number[] => ids.get(platform) ?? [];
  return {
    async noteId(platform, id) {
      const known = new Set([...idsOf(platform), Number(id)]);
      ids.set(platform, [...known].sort((a, b) => a - b).slice(-LIMITS.chatIdsMax));
    },
    idsAfter: async (platform, after) =>
      idsOf(platform)
        .filter((id) => id > Number(after))
        .map(String),
    highestId: async (platform) => idsOf(platform).at(-1)?.toString(),
  };
}

type Times = Pick<ChatDesk, 'slot' | 'hold' | 'holdBucket'>;

function timesOf(chatOf: (name: string) => Chat, now: () => number): Times {
  const calls = new Map<string, number>();
  return {
    async slot({ chat: name, chatGapMs, bucket = '', platformGapMs, burstMs = 0, waitMsMax }) {
      const chat = chatOf(name);
      const wait = chat.nextAt - now();
      if (wait > waitMsMax) return { kind: 'refused' };
      if (wait > 0) return { kind: 'later', waitMs: wait };
      const shared = bucketOf(name, bucket);
      const due = Math.max(now(), calls.get(shared) ?? 0);
      const at = Math.max(now(), due - burstMs);
      if (at - now() > waitMsMax) return { kind: 'refused' };
      calls.set(shared, due + platformGapMs);
      if (chatGapMs > 0) chat.nextAt = at + chatGapMs;
      return { kind: 'reserved', waitMs: at - now() };
    },
    async hold(name, ms) {
      const chat = chatOf(name);
      chat.nextAt = Math.max(chat.nextAt, now() + ms);
    },
    async holdBucket({ chat: name, bucket = '', burstMs = 0 }, ms) {
      const shared = bucketOf(name, bucket);
      calls.set(shared, Math.max(calls.get(shared) ?? 0, now() + ms + burstMs));
    },
  };
}

const bucketOf = (name: string, bucket: string): string => `${name.split(':')[0] ?? ''} ${bucket}`;

type Notes = Pick<ChatDesk, 'settle' | 'outcome' | 'setHome' | 'home' | 'setMark' | 'mark' | 'serve' | 'served'>;

function notes(now: () => number): Notes {
  const outcomes = new Map<string, ChatOutcome>();
  const homes = new Map<string, string>();
  const marks = new Map<string, string>();
  const servedAt = new Map<string, number>();
  return {
    async settle(entryId, outcome) {
      outcomes.set(entryId, outcome);
    },
    outcome: async (entryId) => outcomes.get(entryId),
    async setHome(owner, platform, address) {
      homes.set(`${platform} ${owner}`, address);
    },
    home: async (owner, platform) => homes.get(`${platform} ${owner}`),
    async setMark(platform, mark) {
      marks.set(platform, mark);
    },
    mark: async (platform) => marks.get(platform) || undefined,
    async serve(platforms) {
      for (const platform of platforms) servedAt.set(platform, now());
    },
    async served(platform) {
      const silentMs = now() - (servedAt.get(platform) ?? -Infinity);
      if (silentMs < LIMITS.chatServedMs) return 'now';
      return silentMs < LIMITS.chatKnownSeconds * 1_000 || marks.has(platform) ? 'before' : 'never';
    },
  };
}
