import type { CoolingCause, MemberHealth } from '#libs/contract';
import { rankHomes } from './affinity.js';
import { standingOf } from './cooldown.js';

/** A member as it is now. */
export interface Candidate {
  readonly upstream: string;
  /** Members with the lowest number are asked first. */
  readonly priority: number;
  readonly weight: number;
  readonly inFlightMax?: number;
  readonly inFlight: number;
  readonly inFlightTokens: number;
  readonly health: MemberHealth;
  readonly probeUntil: number;
  readonly isDrained: boolean;
  /** Expected time to the first event. Absent: not known. */
  readonly firstTokenMs?: number;
}

export interface Question {
  readonly members: readonly Candidate[];
  /** See `ModelRequest.affinity`. */
  readonly key: string;
  /** Where requests of this key went before. */
  readonly binding?: string;
  /** Upstreams that have failed this request in this round. */
  readonly tried: ReadonlySet<string>;
  readonly tokens: number;
  readonly now: number;
}

/** Why a member was chosen. */
export type Reason = 'home' | 'new' | 'spill' | 'rebind';

export type Choice =
  | { readonly kind: 'member'; readonly upstream: string; readonly reason: Reason; readonly binds: boolean }
  /** Nobody may be asked now. `untilMs`: when somebody may, if that is known; places become free at any time. */
  | { readonly kind: 'none'; readonly untilMs?: number; readonly isFull: boolean };

/** A home whose time is not over within this is left for good; else its sessions wait elsewhere for a while. */
export const BRIEF_MS = 120_000;
/** Causes that do not pass by themselves: sessions look for another home. */
const LASTING: ReadonlySet<CoolingCause> = new Set<CoolingCause>(['credentials', 'quota', 'no_model']);
/** A home loses its sessions when its first event takes so many times as long as elsewhere, and so much longer. */
const SLOW_TIMES = 2;
const SLOW_MORE_MS = 2_000;
/** A new session does not go where more than this share above the average is under way. */
const LOAD_SLACK = 1.25;

/**
 * Whom to ask. A session stays at its home, whatever the priorities, as long as the home is well. When the home is
 * full or out for a short time, this one request goes elsewhere and the binding stays; when the home is ill, drained
 * or slow, the session moves. New sessions go to the lowest priority that has somebody, to their place in the ranking,
 * or behind it where more is under way than is fair.
 */
export function choose(question: Question): Choice {
  const { members, binding, tried, now } = question;
  const open = members.filter((member) => !tried.has(member.upstream) && isOpen(member, now));
  const home = members.find(({ upstream }) => upstream === binding);
  if (open.length === 0) return nobody(question);
  if (!home) return chosen(newHome(open, question), 'new', true);
  if (open.includes(home)) {
    const faster = fasterThan(home, open);
    return faster ? chosen(faster, 'rebind', true) : chosen(home, 'home', false);
  }
  if (isLost(home, now)) return chosen(newHome(open, question), 'rebind', true);
  return chosen(leastLoaded(bandOf(open)), 'spill', false);
}

/** The member to which a session without a home goes; undefined when nobody may be asked now. */
export function proposed(question: Omit<Question, 'binding'>): Candidate | undefined {
  const { members, tried, now } = question;
  const open = members.filter((member) => !tried.has(member.upstream) && isWell(member, now));
  return open.length === 0 ? undefined : newHome(open, question);
}

/** Whether sessions leave this home because another member answers so much sooner. */
export function isSlow(home: Candidate, { members, now }: Pick<Question, 'members' | 'now'>): boolean {
  return (
    fasterThan(
      home,
      members.filter((member) => isOpen(member, now)),
    ) !== undefined
  );
}

const isWell = (member: Candidate, now: number): boolean =>
  standingOf(member.health, now) === 'well' && isOpen(member, now);

const chosen = ({ upstream }: Candidate, reason: Reason, binds: boolean): Choice => ({
  kind: 'member',
  upstream,
  reason,
  binds,
});

const isFull = ({ inFlight, inFlightMax = Infinity }: Candidate): boolean => inFlight >= inFlightMax;

function isOpen(member: Candidate, now: number): boolean {
  const standing = standingOf(member.health, now);
  const isAsked = standing === 'well' || (standing === 'half_open' && member.probeUntil <= now);
  return isAsked && !member.isDrained && !isFull(member);
}

/** Whether a session has to look for another home. */
function isLost({ health, isDrained }: Candidate, now: number): boolean {
  if (isDrained) return true;
  if (standingOf(health, now) === 'well') return false;
  return health.until - now > BRIEF_MS || (health.cause !== undefined && LASTING.has(health.cause));
}

/** Those with the lowest number of priority. */
function bandOf(members: readonly Candidate[]): readonly Candidate[] {
  const lowest = Math.min(...members.map(({ priority }) => priority));
  return members.filter(({ priority }) => priority === lowest);
}

const loadOf = ({ inFlightTokens, weight }: Candidate): number => inFlightTokens / weight;

function leastLoaded(members: readonly Candidate[]): Candidate {
  return members.reduce((least, member) => (loadOf(member) < loadOf(least) ? member : least));
}

/** The first in the key's ranking whose load would stay near the average. */
function newHome(open: readonly Candidate[], { key, tokens }: Question): Candidate {
  const band = bandOf(open);
  const weights = band.reduce((sum, { weight }) => sum + weight, 0);
  const average = band.reduce((sum, member) => sum + member.inFlightTokens, tokens) / weights;
  // One request is always taken: a request larger than all others would find no place.
  const isFair = (member: Candidate): boolean =>
    member.inFlightTokens === 0 || (member.inFlightTokens + tokens) / member.weight <= average * LOAD_SLACK;
  const ranked = rankHomes(band, key);
  return ranked.find(isFair) ?? leastLoaded(band);
}

function fasterThan(home: Candidate, open: readonly Candidate[]): Candidate | undefined {
  const { firstTokenMs } = home;
  if (firstTokenMs === undefined) return undefined;
  const known = open.filter((member) => member.firstTokenMs !== undefined && member.priority <= home.priority);
  const [fastest] = known.toSorted((a, b) => (a.firstTokenMs ?? 0) - (b.firstTokenMs ?? 0));
  const least = fastest?.firstTokenMs ?? Infinity;
  return firstTokenMs > least * SLOW_TIMES && firstTokenMs - least > SLOW_MORE_MS ? fastest : undefined;
}

function nobody({ members, tried, now }: Question): Choice {
  const serving = members.filter(({ isDrained }) => !isDrained);
  const times = serving.flatMap(({ upstream, health, probeUntil }) => {
    if (health.until > now) return [health.until];
    if (health.until > 0 && probeUntil > now) return [probeUntil];
    return tried.has(upstream) ? [now] : [];
  });
  const full = serving.some((member) => standingOf(member.health, now) !== 'cooling' && isFull(member));
  return { kind: 'none', isFull: full, ...(times.length > 0 && { untilMs: Math.min(...times) }) };
}
