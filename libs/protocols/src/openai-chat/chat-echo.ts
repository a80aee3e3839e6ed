import type { JsonObject } from '#libs/contract';

/** What a Chat Completions request leaves in the log for its encoder. */
export interface ChatEcho {
  /** `stream_options.include_usage`: usage in an extra chunk, and `usage: null` in all others. */
  readonly includeUsage: boolean;
  /** Usage on the finish chunk, where clients of the Hermes API server look for it. */
  readonly usageOnFinish: boolean;
  /** The request asked for logprobs; upstreams that send them unasked are not passed on. */
  readonly logprobs: boolean;
  /** The caller's tools of free text, by their names. */
  readonly custom: ReadonlySet<string>;
}

/** Reads it back from `run.queued` or a snapshot. The published contract wins over Hermes where both were asked for. */
export function readEcho(echo: JsonObject): ChatEcho {
  const includeUsage = echo['includeUsage'] === true;
  return {
    includeUsage,
    usageOnFinish: echo['usageOnFinish'] === true && !includeUsage,
    logprobs: echo['logprobs'] === true,
    custom: namesIn(echo['custom']),
  };
}

function namesIn(value: unknown): ReadonlySet<string> {
  return new Set(Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []);
}
