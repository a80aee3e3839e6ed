import {
  costOf,
  fromNanos,
  LIMITS,
  toNanos,
  type ModelCandidate,
  type SpendAsk,
  type SpendLimit,
  type SpendScope,
  type StepState,
} from '#libs/contract';
import type { AgentRun } from '../agent-run.js';
import { estimateTokens, messageTokens, toolTokens } from '../messages/estimate-tokens.js';
import type { Question } from '../open-model-stream.js';
import type { SpendPorts } from '../ports.js';

/** The question may be asked, with the bound of the answer that is paid for. */
export interface Reserved {
  readonly question: Question;
  /** What the input costs by the estimate. */
  readonly inputCost: number;
  /** The bound of the cost that makes the bound of the answer smaller than it would be. Absent: none does. */
  readonly limit?: SpendLimit;
}

/** Thrown when a bound of the cost does not pay for the next model call: the run ends as incomplete. */
export class SpendReached extends Error {
  constructor(readonly limit: SpendLimit) {
    super(`the cost has reached its bound: ${limit.scope}`);
  }
}

/** Billionths of the currency per token, from a price per million tokens. */
const NANOS_PER_TOKEN = 1_000;

/**
 * Reserves what a model call may cost: its input by the estimate that rather counts too many tokens, at the dearest
 * price that may apply, and the answer up to the highest bound among all that may answer. What is left may pay for a
 * shorter answer only: then that length is the most that any of them is asked for. Throws SpendReached when too little
 * is left, and the failure of the ledger.
 */
export async function reserveCall(run: AgentRun, question: Question): Promise<Reserved> {
  const { spend } = run.ports;
  if (!spend) return { question, inputCost: 0 };
  const cost = spentSoFar(run, spend);
  const { price } = spend;
  const input = Math.ceil(tokensOf(question) * Math.max(price.input, price.cacheWrite ?? 0) * NANOS_PER_TOKEN);
  const perToken = price.output * NANOS_PER_TOKEN;
  const bound = answerBound(question, spend);
  const least = Math.min(bound, LIMITS.paidAnswerTokensMin);
  const ask = {
    spent: toNanos(cost),
    min: input + Math.ceil(least * perToken),
    want: input + Math.ceil(bound * perToken),
  };
  const { granted, limit } = await reserveIn(spend, ask, cost);
  const affordable = perToken === 0 ? bound : Math.floor((granted - input) / perToken);
  const inputCost = fromNanos(input);
  if (!limit || affordable >= bound) return { question, inputCost };
  return { question: { ...question, outputTokensPaid: affordable }, inputCost, limit };
}

/** Whether money, and not the candidate's own bound, is what has cut its answer. */
export function isCutByCost(
  { question, limit }: Reserved,
  { outputTokensDefault = Infinity }: ModelCandidate,
): boolean {
  return limit !== undefined && (question.outputTokensPaid ?? Infinity) < outputTokensDefault;
}

/** The longest answer that may come, in tokens, whichever candidate answers. Vectors are not priced. */
function answerBound({ embed, sampling }: Question, { outputTokens }: SpendPorts): number {
  if (embed) return 0;
  return sampling.outputTokensMax ?? outputTokens ?? LIMITS.reservedAnswerTokens;
}

/**
 * What the run has cost is known again: nothing is reserved for it any more. `step` is the one that was just answered.
 * Never rejects: when the ledger cannot be told, the reservation stays, and the fund has less left than it could have.
 */
export async function settleCall(run: AgentRun, step?: Pick<StepState, 'upstream' | 'model' | 'usage'>): Promise<void> {
  const { spend } = run.ports;
  if (!spend) return;
  const own = step && (costOf({ steps: [{ step: 0, status: 'completed', ...step }] }, spend.prices) ?? 0);
  await settleAll(spend, spentSoFar(run, spend) + (own ?? 0));
}

/**
 * An answer broke off, and its upstream never said what it used. The estimate of its input counts, and of what it had
 * written: somebody who stops every answer before its end has not spent nothing. Never rejects, like `settleCall`.
 */
export async function settleBroken(run: AgentRun, { inputCost }: Reserved): Promise<void> {
  const { spend } = run.ports;
  if (!spend) return;
  const open = run.book.snapshot().items.filter(({ status }) => status === 'in_progress');
  const written = open.map((item) => (item.type === 'tool_call' ? item.arguments : item.text)).join('');
  const output = fromNanos(estimateTokens(written) * spend.price.output * NANOS_PER_TOKEN);
  await settleAll(spend, spentSoFar(run, spend) + inputCost + output);
}

async function settleAll(spend: SpendPorts, cost: number): Promise<void> {
  for (const scope of scopesOf(spend)) if (scope !== 'run') await settled(spend, scope, toNanos(cost));
}

const settled = (spend: SpendPorts, scope: 'session' | 'job', spent: number): Promise<void> =>
  spend.settle(scope, spent).catch(() => undefined);

const spentSoFar = ({ book }: AgentRun, { prices }: SpendPorts): number => costOf(book.snapshot(), prices) ?? 0;

const scopesOf = ({ limits }: SpendPorts): SpendScope[] =>
  (['run', 'session', 'job'] as const).filter((scope) => limits[scope] !== undefined);

type Wish = Omit<SpendAsk, 'limit'>;

/** Reserves in every fund; what the poorest one grants is what there is, and its bound is named. */
async function reserveIn(
  spend: SpendPorts,
  wish: Wish,
  cost: number,
): Promise<{ readonly granted: number; readonly limit?: SpendLimit }> {
  let granted = wish.want;
  let limit: SpendLimit | undefined;
  const reserved: ('session' | 'job')[] = [];
  for (const scope of scopesOf(spend)) {
    const maxCost = spend.limits[scope] ?? 0;
    const ask = { ...wish, want: granted, limit: toNanos(maxCost) };
    const got = scope === 'run' ? ownShare(ask) : await spend.reserve(scope, ask);
    if (got === undefined) {
      for (const earlier of reserved) await settled(spend, earlier, wish.spent);
      throw new SpendReached({ scope, maxCost, cost: fromNanos(toNanos(cost)) });
    }
    if (scope !== 'run') reserved.push(scope);
    if (got < granted) limit = { scope, maxCost, cost: fromNanos(toNanos(cost)) };
    granted = got;
  }
  return { granted, ...(limit && { limit }) };
}

/** What the run's own bound leaves. */
function ownShare({ spent, min, want, limit }: SpendAsk): number | undefined {
  const left = Math.min(want, limit - spent);
  return left < min ? undefined : left;
}

function tokensOf({ system, messages, tools, embed }: Question): number {
  if (embed) return embed.input.reduce<number>((sum, text) => sum + textTokens(text), 0);
  const said = messages.reduce((sum, message) => sum + messageTokens(message, estimateTokens), 0);
  return estimateTokens(system) + toolTokens(tools, estimateTokens) + said;
}

/** A text to embed comes as such, or as its tokens. */
const textTokens = (text: string | readonly number[]): number =>
  typeof text === 'string' ? estimateTokens(text) : text.length;
