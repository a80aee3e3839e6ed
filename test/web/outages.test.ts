import type { Page } from 'playwright-core';
import { chat, startWebLab, words, type WebLab } from '../support/web-lab.js';
import { until } from '../support/until.js';

/** The page while processes die, tabs multiply and pages sleep: nothing is lost, and nothing stands twice. */
let lab: WebLab;

beforeAll(async () => {
  lab = await startWebLab({ slow: 'ok:n=60,gap=150', quick: 'ok:n=5' });
});
afterAll(() => lab?.stop());

const textOf = (page: Page): Promise<string[]> => page.locator('.answer .markdown').allInnerTexts();

test('the API is killed in the middle of an answer: the page goes on where it was', async () => {
  const visitor = await lab.browser.visitor();
  const page = await visitor.open(lab.url);
  await chat.say(page, 'Count.', 'slow');
  await page.locator('.answer').getByText('word5').waitFor();
  await lab.stack.apis[0]?.kill('SIGKILL');
  await lab.stack.start('api', { API_SERVER_PORT: new URL(lab.url).port });
  await chat.answer(page, 'completed').waitFor();
  expect(await textOf(page)).toEqual([words(60)]);
  expect(visitor.problems).toEqual([]);
  await visitor.context.close();
});

async function listeners(): Promise<number> {
  const report = (await (await fetch(`${lab.url}/health/detailed`)).json()) as { listeners: number };
  return report.listeners;
}

test('seven tabs show one answer live over one stream, and every other request still gets through', async () => {
  const visitor = await lab.browser.visitor();
  const first = await visitor.open(lab.url);
  await chat.say(first, 'Begin.', 'quick');
  await chat.answer(first, 'completed').waitFor();
  const tabs = [first];
  for (let i = 1; i < 7; i++) tabs.push(await visitor.open(first.url()));
  await Promise.all(tabs.map((tab) => tab.locator('.answer[data-status=completed]').waitFor()));
  await chat.say(first, 'Count.', 'slow');
  await Promise.all(tabs.map((tab) => tab.locator('.answer').getByText('word7').waitFor()));
  // A stream that was opened anew for the second run may still be leaving.
  await until(async () => (await listeners()) === 1, { what: 'one stream for seven tabs' });
  await tabs[6]?.getByRole('navigation').getByRole('link', { name: 'Overview' }).click();
  await tabs[6]?.locator('td').getByText('alive').waitFor();
  await Promise.all(tabs.slice(0, 6).map((tab) => tab.locator('.answer[data-status=completed]').nth(1).waitFor()));
  for (const tab of tabs.slice(0, 6)) expect(await textOf(tab)).toEqual([words(5), words(60)]);
  await visitor.context.close();
});

test('a page that was frozen in the middle of an answer has all of it when it wakes', async () => {
  const visitor = await lab.browser.visitor();
  const page = await visitor.open(lab.url);
  const devtools = await visitor.context.newCDPSession(page);
  await chat.say(page, 'Count.', 'slow');
  await page.locator('.answer').getByText('word5').waitFor();
  const runId = (await page.locator('.answer').getAttribute('data-run')) ?? '';
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await until(async () => {
    const run = (await (await fetch(`${lab.url}/v1/runs/${runId}`)).json()) as { status: string };
    return run.status === 'completed';
  });
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  await chat.answer(page, 'completed').waitFor();
  expect(await textOf(page)).toEqual([words(60)]);
  await visitor.context.close();
});
