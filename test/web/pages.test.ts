import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import type { Visitor } from '../support/browser.js';
import { chat, startWebLab, type WebLab } from '../support/web-lab.js';

/** Runs, inbox, jobs and overview, on a desk and on a phone, in both colours; and the door. */
const KEY = 'alice-0123456789abcdef';
let lab: WebLab;
let visitor: Visitor;
let page: Page;

beforeAll(async () => {
  const env = { API_KEYS: `alice:${KEY}` };
  const approvals = { rules: [{ tool: 'current_time', policy: 'always' }] };
  lab = await startWebLab({ quick: 'ok:n=5', tool: 'tools' }, { env, approvals });
  visitor = await lab.browser.visitor();
  page = await signedIn(visitor);
});
afterAll(() => lab?.stop());
afterEach(() => expect(visitor.problems).toEqual([]));

async function signedIn(who: Visitor): Promise<Page> {
  const opened = await who.open(lab.url);
  await opened.getByLabel('API key').fill(KEY);
  await opened.getByRole('button', { name: 'Sign in' }).click();
  await chat.box(opened).waitFor();
  return opened;
}

const go = (to: Page, name: string): Promise<void> =>
  to.getByRole('navigation').getByRole('link', { name, exact: false }).click();

test('a wrong key is refused, a right one opens and is in no address and no storage that stays', async () => {
  const other = await lab.browser.visitor();
  const door = await other.open(lab.url);
  await door.getByLabel('API key').fill('wrong-0123456789');
  await door.getByRole('button', { name: 'Sign in' }).click();
  await door.getByRole('alert').waitFor();
  const asked: string[] = [];
  door.on('request', (request) => asked.push(request.url()));
  await door.getByLabel('API key').fill(KEY);
  await door.getByRole('button', { name: 'Sign in' }).click();
  await chat.box(door).waitFor();
  expect(asked.join()).not.toContain(KEY);
  expect(await door.evaluate('JSON.stringify(localStorage) + document.cookie')).not.toContain(KEY);
  await door.getByRole('button', { name: 'Sign out' }).click();
  await door.getByLabel('API key').waitFor();
  expect(await door.evaluate('JSON.stringify(sessionStorage)')).not.toContain(KEY);
  await other.context.close();
});

test('an approval is answered in the inbox, and the run shows where its time went', async () => {
  await chat.say(page, 'What time is it?', 'tool');
  await page.getByRole('region', { name: 'Approval of current_time' }).waitFor();
  await go(page, 'Inbox');
  await page.getByRole('button', { name: 'Allow once' }).click();
  await page.getByText('Nothing waits for you.').waitFor();
  await go(page, 'Runs');
  await page.locator('tr', { hasText: 'completed' }).first().waitFor();
  await page.locator('td a[href^="/runs/run_"]').first().click();
  const timeline = page.getByRole('group', { name: /^Timeline/ });
  for (const name of ['Queue', 'Attempt 1', 'Approval of current_time', 'Attempt 2']) {
    await timeline.getByText(name, { exact: true }).waitFor();
  }
  await page.getByText('What time is it?').waitFor();
  await page.getByText(/\d+ events/).click();
  await page.getByText('"event":"run.completed"').waitFor();
});

test('a job is made with a preview of its times, run by hand, paused, and its answer is in its history', async () => {
  await go(page, 'Jobs');
  await page.getByRole('button', { name: 'New job' }).click();
  await page.getByLabel('Name').fill('morning news');
  await page.getByLabel('Schedule').fill('every blue moon');
  await page
    .locator('.form [role=status]')
    .getByText(/schedule/i)
    .waitFor();
  await page.getByLabel('Schedule').fill('every monday 9am');
  await page.getByText(/Next: .+ · .+/).waitFor();
  await page.getByLabel('Prompt').fill('What is new?');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Run now' }).click();
  await page.getByRole('link', { name: 'morning news' }).click();
  await page.locator('article').getByText('word4').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Resume' }).waitFor();
});

test('the overview knows the workers, and says loudly when there is none', async () => {
  await go(page, 'Overview');
  await page.locator('td').getByText('alive').waitFor();
  await Promise.all(lab.stack.workers.map((worker) => worker.kill('SIGKILL')));
  await page
    .getByRole('alert')
    .getByText(/No worker is alive/)
    .waitFor({ timeout: 120_000 });
  await lab.stack.start('worker');
  await page.getByRole('alert').waitFor({ state: 'detached', timeout: 120_000 });
});

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

describe.each([
  ['light', { dark: false }],
  ['dark', { dark: true }],
  ['dark on a phone', { dark: true, width: 390, height: 760 }],
])('in %s', (_, options) => {
  test('no page has a serious fault of accessibility, and none is wider than its window', async () => {
    const reader = await lab.browser.visitor(options);
    const door = await reader.open(lab.url);
    await door.getByLabel('API key').waitFor();
    await checkPage(door, 'sign-in');
    const seen = await signedIn(reader);
    await chat.say(seen, 'Say something.', 'quick');
    await chat.answer(seen, 'completed').waitFor();
    await checkPage(seen, 'chat');
    await chat.say(seen, 'What time is it?', 'tool');
    await seen.getByRole('region', { name: 'Approval of current_time' }).waitFor();
    await checkPage(seen, 'chat with an approval');
    for (const name of ['Runs', 'Inbox', 'Jobs', 'Overview']) {
      await go(seen, name);
      await seen.locator('h1').waitFor();
      if (name === 'Inbox') await seen.getByRole('button', { name: 'Deny' }).first().waitFor();
      await checkPage(seen, name);
    }
    await go(seen, 'Inbox');
    // A card that was answered stays for a moment, with its buttons disabled.
    const deny = seen.getByRole('button', { name: 'Deny', disabled: false });
    while ((await deny.count()) > 0) {
      await deny.first().click();
      await seen.waitForTimeout(500);
    }
    await go(seen, 'Runs');
    await seen.locator('td a[href^="/runs/run_"]').first().click();
    await seen.getByRole('group', { name: /^Timeline/ }).waitFor();
    await checkPage(seen, 'run');
    await go(seen, 'Jobs');
    await seen.getByRole('button', { name: 'New job' }).click();
    await checkPage(seen, 'form of a job');
    expect(reader.problems).toEqual([]);
    await reader.context.close();
  });
});

async function checkPage(seen: Page, name: string): Promise<void> {
  await seen.evaluate(await axeSource());
  const found = await seen.evaluate(`axe.run().then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' ')))`);
  expect([name, found]).toEqual([name, []]);
  expect([name, await seen.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([name, true]);
}

let source: string | undefined;
async function axeSource(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return (source ??= await readFile(AXE, 'utf8'));
}

test('a path that is no page is answered in JSON, whoever asks', async () => {
  const answer = await fetch(`${lab.url}/nothing`, { headers: { accept: 'text/html' } });
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ error: { code: 'not_found' } });
  const document = await fetch(`${lab.url}/runs`);
  expect(document.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(document.headers.get('content-security-policy')).not.toContain('unsafe');
  expect(document.headers.get('cache-control')).toBe('no-cache');
  const [, asset = ''] = /src="(\/assets\/[^"]+)"/.exec(await document.text()) ?? [];
  expect((await fetch(lab.url + asset)).headers.get('cache-control')).toContain('immutable');
});
