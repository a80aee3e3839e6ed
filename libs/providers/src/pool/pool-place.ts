import {
  GatewayError,
  type MemberHealth,
  type ModelCandidate,
  type PoolMemberKey,
  type PoolShare,
  type Usage,
} from '#libs/contract';
import { afterFailure, afterSuccess, faultOf } from './cooldown.js';
import type { Reason } from './choose.js';
import { watchedProvider, type AnswerWatch } from './watched-answer.js';

/** What a pool tells of itself, for counters. Names of upstreams and words of closed sets only. */
export interface PoolNews {
  chosen(upstream: string, reason: Reason): void;
  cooled(upstream: string, cause: NonNullable<MemberHealth['cause']>): void;
  answered(upstream: string, usage: Usage): void;
  /** The share could not be asked, and the worker decides by what it knows itself. */
  shareFailed(cause: unknown): void;
}

/** What this worker has asked of a member, and got. */
export interface Tally {
  calls: number;
  failures: number;
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
}

export interface OpenPlace {
  readonly candidate: ModelCandidate;
  /** Gives the place back when nothing was asked there; else it does nothing. */
  giveBack(): void;
  /** Says what the request weighs, where the place was taken before that was known. */
  weigh(tokens: number): void;
}

export type Entered =
  | ({ readonly kind: 'entered'; readonly upstream: string } & OpenPlace)
  | { readonly kind: 'none'; readonly waitMs?: number; readonly isFull: boolean };

export interface PlaceParts {
  readonly share: PoolShare;
  readonly candidate: ModelCandidate;
  readonly key: PoolMemberKey;
  readonly tokens: number;
  /** The member was out when the place was taken: a good answer ends that. */
  readonly mayHeal: boolean;
  readonly tally: Tally;
  readonly news: Pick<PoolNews, 'answered' | 'cooled' | 'shareFailed'>;
  readonly now: () => number;
  /** An answer has begun after so many milliseconds. */
  begun(ms: number): void;
  /** So many requests and tokens more are under way at the member. */
  counted(requests: number, tokens: number): void;
}

/** A place that was taken for a request which is then never made. */
const UNUSED_MS_MAX = 30_000;
/** How far a request may be from what its place counts without a word to others. */
const WEIGHED_TOKENS_MIN = 256;

/** The candidate, whose first answer uses a place that was taken. Asked again, it takes one more. */
export function openPlace(parts: PlaceParts): OpenPlace {
  const { share, candidate, key, counted } = parts;
  let { tokens } = parts;
  // Nobody waits for what is told to the share: a place that is not given back is free when its worker is gone.
  const tell = (told: Promise<unknown>): void => {
    told.catch((cause: unknown) => parts.news.shareFailed(cause));
  };
  const leave = (): void => {
    counted(-1, -tokens);
    tell(share.leave(key, tokens));
  };
  let isFirst = true;
  const giveBack = (): void => {
    clearTimeout(unused);
    if (isFirst) leave();
    isFirst = false;
  };
  const unused = setTimeout(giveBack, UNUSED_MS_MAX);
  unused.unref();
  const open = (): AnswerWatch => {
    clearTimeout(unused);
    if (!isFirst) {
      counted(1, tokens);
      tell(share.enter({ member: key, tokens, isForced: true }));
    }
    isFirst = false;
    return watch(parts, leave, tell);
  };
  const weigh = (known: number): void => {
    const more = known - tokens;
    if (!isFirst || Math.abs(more) < WEIGHED_TOKENS_MIN) return;
    tokens = known;
    counted(0, more);
    tell(share.weigh(key, more));
  };
  return { candidate: { ...candidate, provider: watchedProvider(candidate.provider, open) }, giveBack, weigh };
}

function watch(parts: PlaceParts, leave: () => void, tell: (told: Promise<unknown>) => void): AnswerWatch {
  const { share, key, mayHeal, tally, news, now, begun } = parts;
  const asked = now();
  tally.calls++;
  return {
    begun: () => begun(now() - asked),
    ended: (usage: Usage) => {
      leave();
      count(tally, usage);
      news.answered(key.upstream, usage);
      // A member that was healthy has nothing to be forgiven.
      if (mayHeal) tell(share.change(key, afterSuccess));
    },
    failed: (error) => {
      leave();
      tally.failures++;
      const fault = error instanceof GatewayError ? faultOf(error) : undefined;
      if (!fault) return mayHeal ? tell(share.change(key, (health) => health)) : undefined;
      let isOut = false;
      const change = (health: MemberHealth, at: number): MemberHealth => {
        const after = afterFailure(health, fault, at);
        isOut = after.until > health.until;
        return after;
      };
      tell(share.change(key, change).then(() => (isOut ? news.cooled(key.upstream, fault.cause) : undefined)));
    },
    left: leave,
  };
}

function count(tally: Tally, { inputTokens, cachedInputTokens, outputTokens }: Usage): void {
  tally.inputTokens += inputTokens;
  tally.cachedInputTokens += cachedInputTokens;
  tally.outputTokens += outputTokens;
}
