import { execFileSync } from 'node:child_process';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { withSlack } from './slack.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export interface TestBrowser {
  /**
   * A new visitor: no storage, no cache. What its pages log as errors, and what their policy refuses, is kept in
   * `problems`.
   */
  visitor(options?: VisitorOptions): Promise<Visitor>;
  close(): Promise<void>;
}

export interface VisitorOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

export interface Visitor {
  readonly context: BrowserContext;
  readonly problems: string[];
  open(url: string): Promise<Page>;
}

/** The system's own Chromium, without a window. Tests in it wait as long as a busy machine needs. */
export async function startBrowser(): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    // Containers have neither its sandbox's privileges nor much shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
  return { visitor: (options = {}) => visitor(browser, options), close: () => browser.close() };
}

async function visitor(
  browser: Browser,
  { width = 1280, height = 800, dark = false }: VisitorOptions,
): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-GB',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(withSlack(30_000));
  const problems: string[] = [];
  context.on('weberror', (error) => problems.push(String(error.error())));
  context.on('console', (message) => {
    if (message.type() === 'error' && /Content.Security.Policy/i.test(message.text())) problems.push(message.text());
  });
  return {
    context,
    problems,
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
  };
}

function findChromium(): string {
  for (const name of NAMES) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      // The next name.
    }
  }
  throw new Error(`tests of the page need a browser: one of ${NAMES.join(', ')} (Debian: apt-get install -y chromium)`);
}
