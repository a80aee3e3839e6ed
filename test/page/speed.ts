import type { CDPSession, Page } from 'playwright-core';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../support/project-root.js';
import { runsClient } from '../support/runs-client.js';
import { chat, type WebLab } from '../support/web-lab.js';

/** Bytes of the first load, compressed by gzip. */
export async function firstLoadBytes(): Promise<number> {
  const folder = join(projectRoot(), 'dist/web');
  const { files } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
    readonly files: Readonly<Record<string, { readonly sizes: { readonly gzip: number } }>>;
  };
  const document = await readFile(join(folder, 'index.html'), 'utf8');
  const named = [...document.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css|svg))"/g)].map(([, name]) => name ?? '');
  return ['index.html', ...named].reduce((sum, name) => sum + (files[name]?.sizes.gzip ?? 0), 0);
}

/** Milliseconds from the navigation to the message box, by the page's own clock; a new visitor each time. */
export async function interactiveMs(lab: WebLab, times: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < times; i++) {
    const visitor = await lab.browser.visitor();
    await visitor.context.addInitScript(`new MutationObserver((_, observer) => {
      if (!document.getElementById('message')) return;
      window.readyAt = performance.now();
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true })`);
    const page = await visitor.open(lab.url);
    await chat.box(page).waitFor();
    found.push(Number(await page.evaluate('window.readyAt')));
    await visitor.context.close();
  }
  return found;
}

export interface Frames {
  /** Of all intervals between two frames that were drawn while the answer grew, in milliseconds. */
  readonly intervals: readonly number[];
  /** Of tasks of the page's main thread. */
  readonly tasks: readonly number[];
}

/** What the browser's own tracing says while one message of `model` is answered. */
export async function framesOf(page: Page, model: string): Promise<Frames> {
  const browser = page.context().browser();
  if (!browser) throw new Error('the page has no browser');
  const devtools = await browser.newBrowserCDPSession();
  await chat.say(page, 'Go.', model);
  await page.locator('.answer').getByText('word20', { exact: false }).first().waitFor();
  const events = await traced(devtools, () => chat.answer(page, 'completed').waitFor({ timeout: 600_000 }));
  const drawn = events.filter(({ name }) => name === 'DrawFrame').map(({ ts }) => ts / 1_000);
  const sorted = drawn.sort((a, b) => a - b);
  return {
    intervals: sorted.slice(1).map((at, i) => at - (sorted[i] ?? at)),
    tasks: events
      .filter(({ name, cat }) => name === 'RunTask' && cat.includes('devtools'))
      .map(({ dur = 0 }) => dur / 1_000),
  };
}

interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
}

async function traced(devtools: CDPSession, work: () => Promise<unknown>): Promise<readonly TraceEvent[]> {
  const events: TraceEvent[] = [];
  devtools.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])));
  const done = new Promise<void>((resolve) => devtools.once('Tracing.tracingComplete', () => resolve()));
  const includedCategories = [
    'devtools.timeline',
    'disabled-by-default-devtools.timeline',
    'devtools.timeline.frame',
    'disabled-by-default-devtools.timeline.frame',
  ];
  await devtools.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } });
  await work();
  await devtools.send('Tracing.end');
  await done;
  return events;
}

/** A session of this many turns, each a question and an answer. @returns its id. */
export async function longSession(lab: WebLab, turns: number): Promise<string> {
  const runs = runsClient(lab.stack);
  const session_id = `long-${Date.now()}`;
  let last = '';
  for (let i = 0; i < turns; i++) {
    last = await runs.start({ model: 'short', session_id, input: `Question ${i}.` });
    // No more than a few may wait for their turn.
    if (i % 50 === 49) await runs.reach(last, 'completed', 600_000);
  }
  await runs.reach(last, 'completed', 600_000);
  return session_id;
}

/** Milliseconds from the click on a session to its last turn on the screen, by the page's own clock. */
export async function openingMs(lab: WebLab, sessionId: string, lastText: string): Promise<number> {
  const visitor = await lab.browser.visitor();
  const page = await visitor.open(lab.url);
  const link = page.locator(`.sessions a[href="/chat/${sessionId}"]`);
  await link.waitFor();
  const ms = await page.evaluate(
    `new Promise((resolve) => {
      const begin = performance.now();
      new MutationObserver((_, observer) => {
        if (![...document.querySelectorAll('.question p')].some((p) => p.textContent === ${JSON.stringify(lastText)})) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begin)));
      }).observe(document, { childList: true, subtree: true });
      document.querySelector('.sessions a[href="/chat/${sessionId}"]').click();
    })`,
  );
  await visitor.context.close();
  return Number(ms);
}
