const NAMES_MAX = 32;
const NAME_CHARS_MAX = 64;

/**
 * The parts of a request that the model does not get, as text for people: the value of the header `X-Left-Out`, such as
 * `temperature, tools.web_search`. A name is the path of a request field, without indexes. undefined when nothing was
 * left out. Each name appears once, at most 32 names of 64 characters. Names may come from a client, so only the
 * characters of a token pass.
 */
export function leftOutHeader(names: Iterable<string>): string | undefined {
  const tokens = new Set<string>();
  for (const name of names) tokens.add(name.slice(0, NAME_CHARS_MAX).replaceAll(/[^\w.-]/g, '_'));
  return tokens.size === 0 ? undefined : [...tokens].slice(0, NAMES_MAX).join(', ');
}
