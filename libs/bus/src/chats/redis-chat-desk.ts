import { LIMITS, type ChatClaim, type ChatDesk, type ChatOutcome, type ClaimedChat } from '#libs/contract';
import { createHash } from 'node:crypto';
import { runScript, withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import type { Script } from '../scripts/script.js';
import {
  CALL_SLOT,
  CLAIM_CHAT,
  DUE_CHATS,
  HOLD_CHAT,
  KEEP_CHAT,
  PUT_ENTRY,
  RELEASE_CHAT,
  SAVE_CHAT,
} from './chat-scripts.js';

/** The chats on Redis, for all messengers of a deployment. */
export function redisChatDesk({ redis, keys }: RedisConnection): ChatDesk {
  const run = (script: Script, on: readonly string[], ...args: readonly (string | number)[]): Promise<unknown> =>
    withinDeadline(runScript(redis, script, on, args));
  const claimOne = async (chat: string, holder: string, ttlMs: number): Promise<ClaimedChat | undefined> => {
    const reply = await run(CLAIM_CHAT, [keys.chatsDue, keys.chat(hash(chat))], chat, holder, ttlMs);
    if (!Array.isArray(reply)) return undefined;
    return { chat, epoch: Number(reply[0]), state: String(reply[1]) };
  };
  return {
    async put(chat, entryId, entry) {
      const h = hash(chat);
      const on = [keys.chatSeen(hash(entryId)), keys.chatInbox(h), keys.chat(h), keys.chatsDue];
      const reply = await run(PUT_ENTRY, on, chat, entry, LIMITS.chatInboxMax, LIMITS.chatEntrySeenSeconds);
      if (reply === 1) return 'new';
      return reply === 0 ? 'seen' : 'full';
    },
    async claim(holder, { limit, ttlMs }) {
      const due = (await run(DUE_CHATS, [keys.chatsDue], limit)) as string[];
      const claimed = await Promise.all(due.map((chat) => claimOne(chat, holder, ttlMs)));
      return claimed.filter((one) => one !== undefined);
    },
    keep: async ({ chat, epoch }, ttlMs) =>
      (await run(KEEP_CHAT, [keys.chat(hash(chat)), keys.chatsDue], epoch, chat, ttlMs)) === 1,
    waiting: (chats) => withinDeadline(Promise.all(chats.map((chat) => redis.llen(keys.chatInbox(hash(chat)))))),
    entries: (chat, limit) => withinDeadline(redis.lrange(keys.chatInbox(hash(chat)), 0, limit - 1)),
    save: async ({ chat, epoch }, state, taken) =>
      (await run(SAVE_CHAT, [keys.chat(hash(chat)), keys.chatInbox(hash(chat))], epoch, state, taken)) === 1,
    async release({ chat, epoch }: ChatClaim, wakeMs = -1) {
      const h = hash(chat);
      await run(RELEASE_CHAT, [keys.chat(h), keys.chatInbox(h), keys.chatsDue], epoch, chat, wakeMs);
    },
    async slot({ chat, chatGapMs, bucket, platformGapMs, burstMs = 0, waitMsMax }) {
      const on = [keys.chatNext(hash(chat)), keys.chatCalls(bucketOf(chat, bucket))];
      const reply = await run(CALL_SLOT, on, chatGapMs, platformGapMs, waitMsMax, burstMs);
      const [kind, waitMs = 0] = reply as [number, number];
      if (kind < 0) return { kind: 'refused' };
      return { kind: kind === 1 ? 'reserved' : 'later', waitMs };
    },
    async hold(chat, ms) {
      await run(HOLD_CHAT, [keys.chatNext(hash(chat))], Math.max(1, Math.ceil(ms)));
    },
    async holdBucket({ chat, bucket, burstMs = 0 }, ms) {
      await run(HOLD_CHAT, [keys.chatCalls(bucketOf(chat, bucket))], Math.max(1, Math.ceil(ms)) + burstMs);
    },
    ...idsOn({ redis, keys }),
    ...notesOn({ redis, keys }),
  };
}

type Ids = Pick<ChatDesk, 'noteId' | 'idsAfter' | 'highestId'>;

function idsOn({ redis, keys }: Pick<RedisConnection, 'redis' | 'keys'>): Ids {
  return {
    async noteId(platform, id) {
      const key = keys.chatIds(platform);
      const calls = redis.multi().zadd(key, id, id);
      await withinDeadline(calls.zremrangebyrank(key, 0, -LIMITS.chatIdsMax - 1).exec());
    },
    idsAfter: (platform, after) => withinDeadline(redis.zrangebyscore(keys.chatIds(platform), `(${after}`, '+inf')),
    highestId: async (platform) => (await withinDeadline(redis.zrange(keys.chatIds(platform), '-1', '-1')))[0],
  };
}

type Notes = Pick<ChatDesk, 'settle' | 'outcome' | 'setHome' | 'home' | 'setMark' | 'mark' | 'serve' | 'served'>;

function notesOn({ redis, keys }: Pick<RedisConnection, 'redis' | 'keys'>): Notes {
  return {
    async settle(entryId, outcome) {
      const key = keys.chatOutcome(hash(entryId));
      await withinDeadline(redis.set(key, JSON.stringify(outcome), 'EX', LIMITS.chatEntrySeenSeconds));
    },
    async outcome(entryId) {
      const text = await withinDeadline(redis.get(keys.chatOutcome(hash(entryId))));
      return text === null ? undefined : (JSON.parse(text) as ChatOutcome);
    },
    async setHome(owner, platform, address) {
      await withinDeadline(redis.hset(keys.chatHomes, `${platform} ${owner}`, address));
    },
    home: async (owner, platform) =>
      (await withinDeadline(redis.hget(keys.chatHomes, `${platform} ${owner}`))) ?? undefined,
    async serve(platforms) {
      const writes = platforms.flatMap((platform) => [
        redis.set(keys.chatServed(platform), '1', 'PX', LIMITS.chatServedMs),
        redis.set(keys.chatKnown(platform), '1', 'EX', LIMITS.chatKnownSeconds),
      ]);
      await withinDeadline(Promise.all(writes));
    },
    async served(platform) {
      const reads = [redis.exists(keys.chatServed(platform)), redis.exists(keys.chatKnown(platform))];
      const [isServed, isKnown] = await withinDeadline(Promise.all(reads));
      if (isServed === 1) return 'now';
      // A messenger of an earlier version does not say what it serves, and leaves marks.
      const isMarked = isKnown !== 1 && (await withinDeadline(redis.hexists(keys.chatMarks, platform))) === 1;
      return isKnown === 1 || isMarked ? 'before' : 'never';
    },
    async setMark(platform, mark) {
      await withinDeadline(redis.hset(keys.chatMarks, platform, mark));
    },
    mark: async (platform) => (await withinDeadline(redis.hget(keys.chatMarks, platform))) || undefined,
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** `telegram:42` -> `telegram`; of a bucket with a name `slack:update`. */
function bucketOf(chat: string, bucket: string | undefined): string {
  const platform = chat.slice(0, Math.max(chat.indexOf(':'), 0));
  return bucket === undefined ? platform : `${platform}:${bucket}`;
}
