import {
  GatewayError,
  type MemberHealth,
  type MemberReport,
  type ModelCandidate,
  type PoolMemberKey,
  type PoolShare,
  type Usage,
} from '#libs/contract';
import { createHash } from 'node:crypto';
import { choose, type Choice, type Question, type Reason } from './choose.js';
import { afterFailure, afterSuccess, faultOf } from './cooldown.js';
import { FirstTokenTimes } from './first-token.js';
import { watchedProvider, type AnswerWatch } from './watched-answer.js';

/** An upstream in a pool. */
export interface PoolMember {
  readonly candidate: ModelCandidate;
  readonly priority: number;
  readonly weight: number;
  readonly inFlightMax?: number;
}

/** What a pool tells of itself, for counters. Names of upstreams and words of closed sets only. */
export interface PoolNews {
  chosen(upstream: string, reason: Reason): void;
  cooled(upstream: string, cause: NonNullable<MemberHealth['cause']>): void;
  /** The share could not be asked, and the worker decides by what it knows itself. */
  shareFailed(cause: unknown): void;
}

export interface PoolParts {
  readonly share: PoolShare;
  /** Stands in while the share cannot be asked: what this worker alone knows. */
  readonly own: PoolShare;
  readonly news: PoolNews;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
}

/** Who may be asked for one request. */
export interface Visit {
  readonly key: string;
  readonly tokens: number;
  readonly tried: ReadonlySet<string>;
}

export type Entered =
  | {
      readonly kind: 'entered';
      readonly candidate: ModelCandidate;
      readonly upstream: string;
      /** Gives the place back when nothing was asked there; else it does nothing. */
      giveBack(): void;
    }
  | { readonly kind: 'none'; readonly waitMs?: number; readonly isFull: boolean };

/** How often a place is looked for when others take it first. */
const LOOKS_MAX = 5;
/** A place that was taken for a request which is then never made. */
const UNUSED_MS_MAX = 30_000;

interface Tally {
  calls: number;
  failures: number;
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
}

/** Several upstreams behind one model name. What this worker learns of them, all workers learn through the share. */
export class UpstreamPool {
  readonly candidates: readonly ModelCandidate[];
  private readonly keys: readonly PoolMemberKey[];
  private readonly times: readonly FirstTokenTimes[];
  private readonly tallies: readonly Tally[];

  constructor(
    readonly name: string,
    private readonly members: readonly PoolMember[],
    private readonly parts: PoolParts,
  ) {
    this.candidates = members.map(({ candidate }) => candidate);
    this.keys = this.candidates.map(keyOf);
    this.times = members.map(() => new FirstTokenTimes());
    this.tallies = members.map(() => ({
      calls: 0,
      failures: 0,
      inputTokens: 0,
      cachedInputTokens: 0,
      outputTokens: 0,
    }));
  }

  /** Chooses a member and takes a place there. The place is given back when the answer is over. */
  async enter(visit: Visit): Promise<Entered> {
    try {
      return await this.enterAt(this.parts.share, visit);
    } catch (cause) {
      this.parts.news.shareFailed(cause);
      return await this.enterAt(this.parts.own, visit);
    }
  }

  /** What this worker has seen of each member. */
  report(): readonly MemberReport[] {
    const now = this.parts.now();
    return this.keys.map((key, i) => {
      const firstTokenMs = this.times[i]?.expected(now);
      return { ...key, ...(this.tallies[i] as Tally), ...(firstTokenMs !== undefined && { firstTokenMs }) };
    });
  }

  private async enterAt(share: PoolShare, visit: Visit): Promise<Entered> {
    // Keys may be as long as a first message.
    const key = createHash('sha256').update(visit.key).digest('hex');
    const bindingKey = JSON.stringify([this.name, key]);
    const lost = new Set<string>();
    for (let look = 0; look < LOOKS_MAX; look++) {
      const seen = await share.look(this.keys, bindingKey);
      const tried = new Set([...visit.tried, ...lost]);
      const choice = choose({ ...this.question(seen), key, tokens: visit.tokens, tried });
      if (choice.kind === 'none') return waiting(choice, seen.now);
      const at = this.members.findIndex(({ candidate }) => candidate.provider.upstream === choice.upstream);
      const member = this.members[at];
      const memberKey = this.keys[at];
      if (!member || !memberKey) break;
      const entry = {
        member: memberKey,
        tokens: visit.tokens,
        ...(member.inFlightMax !== undefined && { inFlightMax: member.inFlightMax }),
        key: bindingKey,
        binds: choice.binds,
      };
      // Somebody else was faster: look again, and elsewhere.
      if ((await share.enter(entry)) !== 'entered') {
        lost.add(choice.upstream);
        continue;
      }
      this.parts.news.chosen(choice.upstream, choice.reason);
      return { kind: 'entered', upstream: choice.upstream, ...this.placed(share, at, visit.tokens) };
    }
    return { kind: 'none', isFull: true };
  }

  private question({
    now,
    binding,
    members,
  }: Awaited<ReturnType<PoolShare['look']>>): Pick<Question, 'members' | 'now' | 'binding'> {
    const local = this.parts.now();
    const candidates = members.flatMap((facts, i) => {
      const member = this.members[i];
      if (!member) return [];
      const { priority, weight, inFlightMax, candidate } = member;
      const firstTokenMs = this.times[i]?.expected(local);
      return [
        {
          ...facts,
          upstream: candidate.provider.upstream,
          priority,
          weight,
          ...(inFlightMax !== undefined && { inFlightMax }),
          ...(firstTokenMs !== undefined && { firstTokenMs }),
        },
      ];
    });
    return { members: candidates, now, ...(binding !== undefined && { binding }) };
  }

  /** The candidate, whose first answer uses the place that was taken. Asked again, it takes one more. */
  private placed(share: PoolShare, at: number, tokens: number): { candidate: ModelCandidate; giveBack(): void } {
    const { candidate } = this.members[at] as PoolMember;
    const key = this.keys[at] as PoolMemberKey;
    const leave = (): void => this.tell(share.leave(key, tokens));
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
      if (!isFirst) this.tell(share.enter({ member: key, tokens, isForced: true }));
      isFirst = false;
      return this.watch({ share, at, key, leave });
    };
    return { candidate: { ...candidate, provider: watchedProvider(candidate.provider, open) }, giveBack };
  }

  private watch(place: { share: PoolShare; at: number; key: PoolMemberKey; leave: () => void }): AnswerWatch {
    const { share, at, key, leave } = place;
    const { now, news } = this.parts;
    const tally = this.tallies[at] as Tally;
    const asked = now();
    tally.calls++;
    return {
      begun: () => this.times[at]?.add(now() - asked, now()),
      ended: (usage: Usage) => {
        leave();
        count(tally, usage);
        this.tell(share.change(key, afterSuccess));
      },
      failed: (error) => {
        leave();
        tally.failures++;
        const fault = error instanceof GatewayError ? faultOf(error) : undefined;
        if (!fault) return this.tell(share.change(key, (health) => health));
        let isOut = false;
        const change = (health: MemberHealth, at: number): MemberHealth => {
          const after = afterFailure(health, fault, at);
          isOut = after.until > health.until;
          return after;
        };
        this.tell(share.change(key, change).then(() => (isOut ? news.cooled(key.upstream, fault.cause) : undefined)));
      },
      left: leave,
    };
  }

  /** Nobody waits for what is told to the share: a place that is not given back is free when its worker is gone. */
  private tell(told: Promise<unknown>): void {
    told.catch((cause: unknown) => this.parts.news.shareFailed(cause));
  }
}

const keyOf = ({ provider, model }: ModelCandidate): PoolMemberKey => ({ upstream: provider.upstream, model });

function count(tally: Tally, { inputTokens, cachedInputTokens, outputTokens }: Usage): void {
  tally.inputTokens += inputTokens;
  tally.cachedInputTokens += cachedInputTokens;
  tally.outputTokens += outputTokens;
}

function waiting({ untilMs, isFull }: Extract<Choice, { kind: 'none' }>, now: number): Entered {
  return { kind: 'none', isFull, ...(untilMs !== undefined && { waitMs: Math.max(0, untilMs - now) }) };
}
