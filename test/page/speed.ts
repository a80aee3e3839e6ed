import { foldAll, type LoggedEvent, type RunEvent, type RunInput, type RunSnapshot } from '#libs/contract';
import { postgresDatabase, upsertRuns, upsertSessions } from '#libs/store';
import type { CDPSession, Page } from 'playwright-core';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../support/project-root.js';
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

/**
 * A session of this many turns, each a question and an answer, written where the store has it: so many runs would take
 * longer than all that is measured here.
 * @returns its id.
 */
export async function longSession(databaseUrl: string, owner: string, turns: number): Promise<string> {
  const db = postgresDatabase({ url: databaseUrl, onError: () => undefined });
  const sessionId = `long-${Date.now()}`;
  const rows = Array.from({ length: turns }, (_, i) => turnOf(sessionId, owner, i));
  await upsertRuns(
    db,
    rows.map(({ snapshot }) => snapshot),
    new Map(rows.map((row) => [row.snapshot.runId, row.input])),
  );
  await upsertSessions(db, rows);
  await db.close();
  return sessionId;
}

const idOf = (i: number): string => `run_${i.toString(16).padStart(32, '0')}`;

function turnOf(sessionId: string, owner: string, i: number): { snapshot: RunSnapshot; input: RunInput } {
  const usage = { inputTokens: 100, outputTokens: 60, cachedInputTokens: 0, reasoningTokens: 0 };
  const text = `Answer ${i}. ${'Some words of **it**, a `code`, and more. '.repeat(6)}\n\n- one\n- two\n`;
  const at = Date.now() - 10_000_000 + i * 1_000;
  const events: RunEvent[] = [
    {
      type: 'run.queued',
      runId: idOf(i),
      protocol: 'runs',
      owner,
      model: 'short',
      echo: {},
      sessionId,
      ...(i > 0 && { parentId: idOf(i - 1) }),
    },
    { type: 'run.started', attempt: 1, worker: 'w' },
    { type: 'step.started', step: 1, model: 'short', upstream: 'openai' },
    { type: 'text.delta', step: 1, text },
    { type: 'step.completed', step: 1, finishReason: 'stop', usage },
    { type: 'run.completed', finishReason: 'stop' },
  ];
  const snapshot = foldAll(events.map((event, n) => ({ ...event, seq: n + 1, at }) as LoggedEvent));
  return { snapshot, input: { messages: [{ role: 'user', content: `Question ${i}.` }] } };
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
