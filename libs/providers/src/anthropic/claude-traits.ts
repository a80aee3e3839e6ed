/** What a model behind the Messages API takes. */
export interface ModelTraits {
  /** Any of temperature, top_p and top_k may be sent. */
  readonly takesSampling: boolean;
  /** How the model is asked to think. `words`: by `output_config.effort`; `budget`: by a number of tokens. */
  readonly thinking: 'words' | 'budget' | 'none' | 'unknown';
  /** `max_tokens` of a request that asks for no bound. */
  readonly outputTokens: number;
}

/** For servers that speak this protocol, and models that are not Claude. */
const OTHERS: ModelTraits = { takesSampling: true, thinking: 'unknown', outputTokens: 32_000 };

/**
 * Before 4.5, a request is refused when its input and its `max_tokens` together are longer than the window. So such a
 * model is not asked for all that it can write.
 */
const CAREFUL_TOKENS = 32_000;

/**
 * The traits of a model by its name, `claude-opus-4-6`, `claude-3-7-sonnet-20250219`, in whatever path or case. Models
 * from 4.6 on think as `adaptive` and by effort; those after 4.6 refuse every sampling field, under any version of the
 * API (notes of the official SDK). The bounds of the output are those that Anthropic publishes.
 */
export function traitsOf(model: string): ModelTraits {
  const version = versionOf(model);
  // Nobody serves the first two generations any more: such a name is one that somebody gave to another model.
  if (version === undefined || version < 300) return OTHERS;
  const thinking = version >= 406 ? 'words' : version >= 307 ? 'budget' : 'none';
  return { takesSampling: version <= 406, thinking, outputTokens: outputTokensOf(version, model) };
}

/** 406 for `4-6`; undefined for a name that is not Claude's. */
function versionOf(model: string): number | undefined {
  if (!/claude/i.test(model)) return undefined;
  // A date has eight digits and is no minor version.
  const [, major, minor = '0'] = /claude-(?:[a-z]+-)*(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/i.exec(model) ?? [];
  return major === undefined ? undefined : Number(major) * 100 + Number(minor);
}

function outputTokensOf(version: number, model: string): number {
  if (version >= 406) return 128_000;
  if (version >= 405) return 64_000;
  if (version >= 307) return CAREFUL_TOKENS;
  return version >= 305 && !/opus/i.test(model) ? 8_192 : 4_096;
}
