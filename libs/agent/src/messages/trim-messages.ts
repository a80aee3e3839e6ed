import { GatewayError, type ClientTool, type Message } from '#libs/contract';
import { estimateTokens, messageTokens, toolTokens, type CountTokens } from './estimate-tokens.js';

export interface ContextWindow {
  /** Window of the model for input and output together. Absent when it is not known: then nothing is left out. */
  readonly contextTokens: number | undefined;
  /** Longest answer that the caller allows. */
  readonly outputTokensMax: number | undefined;
}

interface Prompt {
  readonly system: string;
  readonly tools: readonly ClientTool[];
  readonly messages: readonly Message[];
}

/** Tokens kept free for the answer when the caller names no bound; never more than half of the window. */
const ANSWER_TOKENS = 4_096;
/**
 * The estimate is at most this many times too high (ten ASCII characters per token). Beyond this factor nothing fits.
 */
const ESTIMATE_ERROR_MAX = 4;

/**
 * The newest messages that fit the model's window, cut at whole turns. A turn is a user message and everything up to
 * the next one, so a call and its result stay together. The system text, the tools and the last turn always stay.
 *
 * If even these are too long by the estimate, they are sent all the same: the estimate is too high, and the upstream
 * knows better. Only a length that cannot fit in any case is refused here, with GatewayError `context_length_exceeded`.
 */
export function trimMessages(
  { system, tools, messages }: Prompt,
  { contextTokens, outputTokensMax }: ContextWindow,
  count: CountTokens = estimateTokens,
): readonly Message[] {
  if (contextTokens === undefined) return messages;
  const answer = Math.min(outputTokensMax ?? ANSWER_TOKENS, Math.floor(contextTokens / 2));
  const fixed = count(system) + toolTokens(tools, count);
  const room = contextTokens - answer - fixed;
  const starts = turnStarts(messages);
  let from = messages.length;
  let used = 0;
  for (const start of starts.reverse()) {
    const cost = messages.slice(start, from).reduce((sum, message) => sum + messageTokens(message, count), 0);
    const isLastTurn = from === messages.length;
    if (isLastTurn) assertConceivable(fixed + cost, contextTokens);
    if (used + cost > room && !isLastTurn) break;
    used += cost;
    from = start;
  }
  return from === 0 ? messages : messages.slice(from);
}

/** Messages before the first user message belong to its turn. Without a user message everything is one turn. */
function turnStarts(messages: readonly Message[]): number[] {
  const [, ...later] = messages.flatMap(({ role }, i) => (role === 'user' ? [i] : []));
  return [0, ...later];
}

function assertConceivable(estimate: number, contextTokens: number): void {
  if (estimate <= contextTokens * ESTIMATE_ERROR_MAX) return;
  throw new GatewayError(
    'context_length_exceeded',
    `The last turn alone is longer than the ${contextTokens} tokens that the model takes.`,
    { param: 'messages' },
  );
}
