import type { Locator, Page } from 'playwright-core';
import { startBrowser, type TestBrowser } from './browser.js';
import { startFakeUpstream, type FakeUpstream } from './fake-upstream.js';
import { startStack, type Stack, type StackOptions } from './stack.js';

export interface WebLab {
  readonly upstream: FakeUpstream;
  readonly stack: Stack;
  readonly browser: TestBrowser;
  readonly url: string;
  stop(): Promise<void>;
}

/** What the models of the menu do: names of the fake upstream's behaviours. The first is the default. */
export type Models = Readonly<Record<string, string>>;

/** The real services, an upstream that behaves as a model's name says, and a browser. */
export async function startWebLab(
  models: Models,
  options: StackOptions & { approvals?: object } = {},
): Promise<WebLab> {
  const upstream = await startFakeUpstream();
  const { approvals, env, ...rest } = options;
  const list = Object.entries(models).map(([name, model]) => ({ name, upstream: 'openai', model }));
  const [stack, browser] = await Promise.all([
    startStack({
      scheduler: true,
      env: { OPENAI_BASE_URL: `${upstream.url}/v1`, TOOLS: 'current_time', ...env },
      settings: JSON.stringify({ models: list, ...(approvals && { approvals }) }),
      ...rest,
    }),
    startBrowser(),
  ]);
  return {
    upstream,
    stack,
    browser,
    url: stack.apis[0]?.url ?? '',
    async stop() {
      await browser.close();
      await stack.stop();
      await upstream.stop();
    },
  };
}

/** The chat page as a user knows it. */
export const chat = {
  box: (page: Page): Locator => page.getByLabel('Message', { exact: true }),
  button: (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true }),
  async say(page: Page, text: string, model?: string): Promise<void> {
    if (model !== undefined) await page.getByLabel('Model').selectOption(model);
    await chat.box(page).fill(text);
    await chat.button(page, 'Send').click();
  },
  /** The answer that has this status, the last of them. */
  answer: (page: Page, status: string): Locator => page.locator(`.answer[data-status=${status}]`).last(),
};

/** What the fake upstream says in `count` words. */
export const words = (count: number): string => Array.from({ length: count }, (_, i) => `word${i}`).join(' ');
