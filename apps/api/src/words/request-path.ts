/** The path of a request target, without its query. */
export function pathOf(url: string | undefined): string {
  const target = url ?? '/';
  const end = target.search(/[?#]/);
  return end < 0 ? target : target.slice(0, end);
}

/** Paths of pages have a meaning with a slash at their end: relative links start there. */
const API_PATH = /^\/(?:v1|api|responses|health|internal|metrics)(?:\/|$)/;

/**
 * The request target as it is served: base URLs that end in a slash make clients ask for `//v1/models` and
 * `/v1/models/`. The query stays as it is.
 */
export function canonicalUrl(url: string | undefined): string {
  const path = pathOf(url);
  const rest = (url ?? '/').slice(path.length);
  if (!path.startsWith('/')) return path + rest;
  const single = path.replaceAll(/\/{2,}/g, '/');
  return (API_PATH.test(single) ? single.replace(/(?<=.)\/$/, '') : single) + rest;
}
