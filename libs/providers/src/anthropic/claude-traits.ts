/** The request fields that a model behind the Messages API accepts. */
export interface ModelTraits {
  /** Whether any of temperature, top_p and top_k may be sent. */
  readonly takesSampling: boolean;
  /** How the model is asked to think. `words`: by `output_config.effort`; `budget`: by a number of tokens. */
  readonly thinking: 'words' | 'budget' | 'none' | 'unknown';
  /** `max_tokens` of a request that names no bound. */
  readonly outputTokens: number;
}

/** For models that are not Claude, on servers that speak this protocol. */
const OTHERS: ModelTraits = { takesSampling: true, thinking: 'unknown', outputTokens: 32_000 };

/**
 * Before 4.5, a request is refused when its input and its `max_tokens` together exceed the window. So such a model is
 * not asked for the longest answer that it can write.
 */
const CAREFUL_TOKENS = 32_000;

/**
 * The traits of a model by its name, such as `claude-opus-4-6` or `claude-3-7-sonnet-20250219`, in any path or case.
 * Models from 4.6 on think as `adaptive` and by effort. Those after 4.6 refuse every sampling field, under any version
 * of the API (notes of the official SDK). The bounds of the output are those that Anthropic publishes.
 */
export function traitsOf(model: string): ModelTraits {
  const version = versionOf(model);
  // The first two generations are no longer served, so such a name was given to another model.
  if (version === undefined || version < 300) return OTHERS;
  const thinking = version >= 406 ? 'words' : version >= 307 ? 'budget' : 'none';
  return { takesSampling: version <= 406, thinking, outputTokens: outputTokensOf(version, model) };
}

/** 406 for `4-6`. undefined for a name that is not one of Claude's. */
function versionOf(model: string): number | undefined {
  if (!/claude/i.test(model)) return undefined;
  // An eight-digit number is a date, not a minor version.
  const [, major, minor = '0'] = /claude-(?:[a-z]+-)*(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/i.exec(model) ?? [];
  return major === undefined ? undefined : Number(major) * 100 + Number(minor);
}

function outputTokensOf(version: number, model: string): number {
  if (version >= 406) return 128_000;
  if (version >= 405) return 64_000;
  if (version >= 307) return CAREFUL_TOKENS;
  return version >= 305 && !/opus/i.test(model) ? 8_192 : 4_096;
}
