import type { MemberReport, ModelCandidate, PoolMemberKey, PoolShare, PoolSight, PoolTake } from '#libs/contract';
import { createHash } from 'node:crypto';
import { choose, isSlow, proposed, type Choice, type Question, type Reason } from './choose.js';
import { FirstTokenTimes } from './first-token.js';
import { openPlace, type Entered, type PoolNews, type Tally } from './pool-place.js';
import { PoolView } from './pool-view.js';
import { PreparedPlaces } from './prepared-places.js';

/** An upstream in a pool. */
export interface PoolMember {
  readonly candidate: ModelCandidate;
  readonly priority: number;
  readonly weight: number;
  readonly inFlightMax?: number;
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

/** How often a place is looked for when others take it first. */
const LOOKS_MAX = 5;
/** What a place counts until the request is known. */
const PREPARED_TOKENS = 128;

type Asked = Omit<Visit, 'key'>;

/** A place that was taken. `mayHeal`: the member was out, and a good answer ends that. */
interface Taken {
  readonly at: number;
  readonly tokens: number;
  readonly mayHeal: boolean;
}

/** Several upstreams behind one model name. What this worker learns of them, all workers learn through the share. */
export class UpstreamPool {
  readonly candidates: readonly ModelCandidate[];
  private readonly keys: readonly PoolMemberKey[];
  private readonly times: readonly FirstTokenTimes[];
  private readonly tallies: readonly Tally[];
  private readonly view: PoolView;
  private readonly prepared = new PreparedPlaces();

  constructor(
    readonly name: string,
    private readonly members: readonly PoolMember[],
    private readonly parts: PoolParts,
  ) {
    this.candidates = members.map(({ candidate }) => candidate);
    this.keys = this.candidates.map(keyOf);
    this.times = members.map(() => new FirstTokenTimes());
    this.view = new PoolView(this.keys, parts.now);
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
    const key = hashed(visit.key);
    const ready = visit.tried.size === 0 ? await this.prepared.take(key) : undefined;
    if (!ready) return this.enterAny(key, visit);
    ready.weigh(visit.tokens);
    return ready;
  }

  /**
   * Takes a place for a request that is about to come, so that its way to Redis is one that is gone anyway. A place
   * that nobody has asked for when the returned function is called is given back.
   * @param key SHA-256 in hex of the request's key.
   */
  prepare(key: string): () => void {
    const entering = this.enterAny(key, { tokens: PREPARED_TOKENS, tried: new Set() });
    return this.prepared.add(key, entering);
  }

  /** Brings what is known of the members up to date. Never rejects. */
  async look(): Promise<void> {
    await this.view.renew(this.parts.share).catch((cause: unknown) => this.parts.news.shareFailed(cause));
  }

  /** What this worker has seen of each member. */
  report(): readonly MemberReport[] {
    const now = this.parts.now();
    return this.keys.map((key, i) => {
      const firstTokenMs = this.times[i]?.expected(now);
      return { ...key, ...(this.tallies[i] as Tally), ...(firstTokenMs !== undefined && { firstTokenMs }) };
    });
  }

  private async enterAny(key: string, asked: Asked): Promise<Entered> {
    try {
      return await this.enterAt(this.parts.share, key, asked);
    } catch (cause) {
      this.parts.news.shareFailed(cause);
      return await this.enterAt(this.parts.own, key, asked);
    }
  }

  /** One call in the usual case. Where the home may not be asked, or nobody is proposed, by looking and choosing. */
  private async enterAt(share: PoolShare, key: string, { tokens, tried }: Asked): Promise<Entered> {
    const bindingKey = JSON.stringify([this.name, key]);
    const taken = await share.take(this.takeOf(bindingKey, { key, tokens, tried }));
    if (share === this.parts.share) void this.look();
    if (taken.kind === 'entered') {
      return this.entered(share, { at: taken.at, tokens, mayHeal: false }, taken.isNew ? 'new' : 'home');
    }
    const lost = new Set<string>();
    let seen: PoolSight = taken;
    for (let look = 0; look < LOOKS_MAX; look++) {
      if (look > 0) seen = await share.look(this.keys, bindingKey);
      if (share === this.parts.share) this.view.saw(seen);
      const choice = choose({ ...this.question(seen), key, tokens, tried: new Set([...tried, ...lost]) });
      if (choice.kind === 'none') return waiting(choice, seen.now);
      const at = this.members.findIndex(({ candidate }) => candidate.provider.upstream === choice.upstream);
      const member = this.members[at];
      const memberKey = this.keys[at];
      if (!member || !memberKey) break;
      const entry = {
        member: memberKey,
        tokens,
        ...(member.inFlightMax !== undefined && { inFlightMax: member.inFlightMax }),
        key: bindingKey,
        binds: choice.binds,
      };
      // Somebody else was faster: look again, and elsewhere.
      if ((await share.enter(entry)) !== 'entered') {
        lost.add(choice.upstream);
        continue;
      }
      const mayHeal = (seen.members[at]?.health.until ?? 0) > 0;
      return this.entered(share, { at, tokens, mayHeal }, choice.reason);
    }
    return { kind: 'none', isFull: true };
  }

  /** The home by what is known here. A home that is too slow, or has failed this request, is left to `choose`. */
  private takeOf(bindingKey: string, { key, tokens, tried }: Asked & { readonly key: string }): PoolTake {
    const known = this.view.current();
    const sight = known && this.question({ now: this.view.shareTime(), members: known });
    const proposal = sight && proposed({ ...sight, key, tokens, tried });
    const at = this.keys.findIndex(({ upstream }) => upstream === proposal?.upstream);
    return {
      key: bindingKey,
      tokens,
      ...(at >= 0 && { proposal: at }),
      members: this.members.map(({ inFlightMax }, i) => {
        const memberKey = this.keys[i] as PoolMemberKey;
        const candidate = sight?.members[i];
        const isShunned = tried.has(memberKey.upstream) || (candidate && isSlow(candidate, sight));
        return { ...memberKey, ...(inFlightMax !== undefined && { inFlightMax }), ...(isShunned && { isShunned }) };
      }),
    };
  }

  private question({ now, binding, members }: PoolSight): Pick<Question, 'members' | 'now' | 'binding'> {
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

  private entered(share: PoolShare, { at, tokens, mayHeal }: Taken, reason: Reason): Entered {
    const { candidate } = this.members[at] as PoolMember;
    const key = this.keys[at] as PoolMemberKey;
    const { now, news } = this.parts;
    this.view.add(at, 1, tokens);
    news.chosen(key.upstream, reason);
    const opened = openPlace({
      share,
      candidate,
      key,
      tokens,
      mayHeal,
      tally: this.tallies[at] as Tally,
      begun: (ms) => this.times[at]?.add(ms, now()),
      counted: (requests, more) => this.view.add(at, requests, more),
      now,
      news,
    });
    return { kind: 'entered', upstream: key.upstream, ...opened };
  }
}

const hashed = (key: string): string => createHash('sha256').update(key).digest('hex');

const keyOf = ({ provider, model }: ModelCandidate): PoolMemberKey => ({ upstream: provider.upstream, model });

function waiting({ untilMs, isFull }: Extract<Choice, { kind: 'none' }>, now: number): Entered {
  return { kind: 'none', isFull, ...(untilMs !== undefined && { waitMs: Math.max(0, untilMs - now) }) };
}
