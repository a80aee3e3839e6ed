/** The path of a request target, without its query. */
export function pathOf(url: string | undefined): string {
  const target = url ?? '/';
  const end = target.search(/[?#]/);
  return end < 0 ? target : target.slice(0, end);
}

/** Paths of the API. Paths of pages keep a slash at their end, because relative links start there. */
const API_PATH = /^\/(?:v1|api|responses|health|internal|metrics)(?:\/|$)/;

/**
 * The canonical request target: base URLs that end in a slash make clients request `//v1/models` and `/v1/models/`. The
 * query stays unchanged.
 */
export function canonicalUrl(url: string | undefined): string {
  const path = pathOf(url);
  const rest = (url ?? '/').slice(path.length);
  if (!path.startsWith('/')) return path + rest;
  const single = path.replaceAll(/\/{2,}/g, '/');
  return (API_PATH.test(single) ? single.replace(/(?<=.)\/$/, '') : single) + rest;
}
