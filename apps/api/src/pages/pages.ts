/** A page that people open in a browser: its paths, and what its documents may load. */
export interface ServedPage {
  /** The page's own path and everything below it; `exact` paths have nothing below them. */
  readonly paths: readonly string[];
  readonly exact?: true;
  /** Content-Security-Policy of every answer below these paths. */
  readonly policy: string;
}

/** For answers that are not pages: a browser that opens one anyway loads nothing. */
export const POLICY_NOTHING = "default-src 'none'; frame-ancestors 'none'";

/** The documentation and the queue dashboard have their own inline styles. */
const POLICY_TOOLS =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

/** Allows everything from this server and nothing inline. Images may also come from the clipboard. */
const POLICY_WEB = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The addresses that the web page's own router knows. Each is answered with the page's only document. */
export const WEB_PATHS = [
  '/',
  '/chat',
  '/chat/:session',
  '/runs',
  '/runs/:run',
  '/inbox',
  '/jobs',
  '/jobs/:job',
  '/overview',
] as const;

/** The built files of the web page, below this path. */
export const ASSETS_PATH = '/assets';

/** Every page of the server. A new page is one line here. */
export const PAGES: readonly ServedPage[] = [
  { paths: ['/docs', '/admin/queues'], policy: POLICY_TOOLS },
  { paths: ['/'], exact: true, policy: POLICY_WEB },
  { paths: ['/chat', '/runs', '/inbox', '/jobs', '/overview', ASSETS_PATH], policy: POLICY_WEB },
];

/** The policy for a path without its query. */
export function policyOf(path: string): string {
  const page = PAGES.find(({ paths, exact }) =>
    paths.some((own) => path === own || (exact !== true && path.startsWith(`${own}/`))),
  );
  return page?.policy ?? POLICY_NOTHING;
}

/** Whether a route serves a page or its files, which the API's documentation leaves out. */
export const isPageRoute = (path: string): boolean =>
  path === '/docs' || path.startsWith('/docs/') || path.startsWith(`${ASSETS_PATH}/`) || isWebPath(path);

const isWebPath = (path: string): boolean => WEB_PATHS.some((own) => own.replace(/:(\w+)/g, '{$1}') === path);
