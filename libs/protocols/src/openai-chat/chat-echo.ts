import type { JsonObject } from '#libs/contract';

/** The facts about a Chat Completions request that its encoder reads from the log. */
export interface ChatEcho {
  /** `stream_options.include_usage`: usage in an extra chunk, and `usage: null` in all others. */
  readonly includeUsage: boolean;
  /** Usage on the finish chunk, where clients of the Hermes API server look for it. */
  readonly usageOnFinish: boolean;
  /** Whether the request asked for logprobs. Others are not passed on, even if an upstream sends them. */
  readonly logprobs: boolean;
  /** Whether a call that waits for approval is told in the text, with how to allow it. */
  readonly saysApprovals: boolean;
  /** Names of the caller's tools with free text. */
  readonly custom: ReadonlySet<string>;
}

/**
 * Reads these facts from `run.queued` or from a snapshot. Where a request asked for both, the published contract takes
 * precedence over Hermes.
 */
export function readEcho(echo: JsonObject): ChatEcho {
  const includeUsage = echo['includeUsage'] === true;
  return {
    includeUsage,
    usageOnFinish: echo['usageOnFinish'] === true && !includeUsage,
    logprobs: echo['logprobs'] === true,
    saysApprovals: echo['saysApprovals'] === true,
    custom: namesIn(echo['custom']),
  };
}

function namesIn(value: unknown): ReadonlySet<string> {
  return new Set(Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []);
}
