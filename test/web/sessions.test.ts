import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { until } from '../support/until.js';
import type { Visitor } from '../support/browser.js';
import { runsClient, type RunsClient } from '../support/runs-client.js';
import { chat, startWebLab, words, type WebLab } from '../support/web-lab.js';

/** What is done with whole sessions and with runs that have ended; messages that meet an answer under way. */
const CODE = ['Look:\n\n```ts\nconst answer: number = 42; // all\n', '```\n\n```nonsense\nplain\n```\n'];
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
let lab: WebLab;
let runs: RunsClient;
let visitor: Visitor;
let page: Page;

beforeAll(async () => {
  const models = { quick: 'ok:n=3', slow: 'ok:n=60,gap=150', tool: 'tools', code: 'script:name=code' };
  lab = await startWebLab(models);
  const chunk = (content: string): object => ({ choices: [{ index: 0, delta: { content } }] });
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  lab.upstream.scripts.set('code', [...CODE.map(chunk), end, 'data: [DONE]\n\n']);
  runs = runsClient(lab.stack);
  visitor = await lab.browser.visitor();
});
afterAll(() => lab?.stop());
beforeEach(async () => {
  page = await visitor.open(lab.url);
});
afterEach(async () => {
  await page.close();
  expect(visitor.problems).toEqual([]);
});

const questions = (): Promise<string[]> => page.locator('.question p').allTextContents();

test('a run is run again from a step: what was said and done before it is kept, and not done again', async () => {
  await chat.say(page, 'What time is it?', 'tool');
  await chat.answer(page, 'completed').waitFor();
  const first = await page.locator('.answer').getAttribute('data-run');
  await page.goto(`${lab.url}/runs/${first}`);
  await page.getByLabel('From step').selectOption('2');
  await page.getByRole('button', { name: 'Run again' }).click();
  await page.waitForURL((url) => url.pathname.startsWith('/runs/run_') && !url.pathname.endsWith(String(first)));
  await page.getByText('Repeats another run from its step 2').waitFor();
  await page.locator('.status.completed').waitFor();
  expect(await page.locator('.tool').count()).toBe(0);
  const asked = lab.upstream.requests.at(-1)?.body['messages'] as { role: string }[];
  expect(asked.map(({ role }) => role).slice(-3)).toEqual(['user', 'assistant', 'tool']);
});

test('a long session shows its end, and what came before it when its reader goes there, each turn once', async () => {
  const session_id = `long-${Date.now()}`;
  const said = Array.from({ length: 70 }, (_, i) => `Question ${i}.`);
  let last = '';
  for (const input of said) last = await runs.start({ model: 'quick', session_id, input });
  await runs.reach(last, 'completed');
  await page.goto(`${lab.url}/chat/${session_id}`);
  await page.getByText('Question 69.', { exact: true }).waitFor();
  // The list of sessions has it too, as the title.
  const begun = page.locator('.question p').getByText('Question 0.', { exact: true });
  for (let i = 0; i < 40 && (await begun.count()) === 0; i++) {
    await page.evaluate(`document.querySelector('[role=log]').scrollTo(0, 0)`);
    await page.waitForTimeout(250);
  }
  await begun.waitFor();
  expect(await questions()).toEqual(said);
});

test('a session is exported with all that was said', async () => {
  await chat.say(page, 'Write the export test.', 'quick');
  await chat.answer(page, 'completed').waitFor();
  const button = page.getByRole('button', { name: /^Export Write the export test/ });
  await button.waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), button.click()]);
  expect(file.suggestedFilename()).toMatch(/^Write-the-export-test.*\.md$/);
  const text = await readFile(await file.path(), 'utf8');
  expect(text).toContain('## You\n\nWrite the export test.');
  expect(text).toContain(words(3));
});

test('code has colours once its language was fetched; an unknown language stays plain', async () => {
  await chat.say(page, 'Some code.', 'code');
  await chat.answer(page, 'completed').waitFor();
  await page.locator('.hl-keyword', { hasText: 'const' }).waitFor();
  await page.locator('.hl-comment', { hasText: '// all' }).waitFor();
  const blocks = page.locator('.code code');
  expect(await blocks.allInnerTexts()).toEqual(['const answer: number = 42; // all', 'plain']);
  expect(await blocks.nth(1).locator('span').count()).toBe(0);
});

test('a session tells what it has used', async () => {
  await chat.say(page, 'Count the tokens.', 'quick');
  await chat.answer(page, 'completed').waitFor();
  await page.getByText(/tokens read, .* written in/).waitFor();
  const meter = page.getByRole('group', { name: 'Usage of this session' });
  await meter.getByText(/Context .*tokens/).waitFor();
  await meter.getByText(/tokens read/).waitFor();
});

test('stop and send ends the answer and says the next thing; edit begins a branch', async () => {
  await chat.say(page, 'Go on for long.', 'slow');
  await page.locator('.answer').getByText('word2').waitFor();
  await page.getByLabel('Model').selectOption('quick');
  await chat.box(page).fill('Rather this.');
  await chat.button(page, 'Stop and send').click();
  await page.locator('.answer[data-status=cancelled]').waitFor();
  await chat.answer(page, 'completed').waitFor();
  expect(await questions()).toEqual(['Go on for long.', 'Rather this.']);
  const before = page.url();
  await page.locator('.turn').last().getByRole('button', { name: 'Edit' }).click();
  expect(await chat.box(page).inputValue()).toBe('Rather this.');
  await chat.box(page).fill('Or that.');
  await chat.button(page, 'Send').click();
  await page.waitForURL((url) => url.href !== before);
  await page.getByText('Or that.', { exact: true }).waitFor();
  await chat.answer(page, 'completed').waitFor();
  // The turns before the branch are read again.
  await until(async () => (await questions()).length === 2);
  expect(await questions()).toEqual(['Go on for long.', 'Or that.']);
});

test('a picture that is dropped is shown and can be taken back', async () => {
  await page.locator('.composer').waitFor();
  // A text that is evaluated is no function: it has to call itself.
  await page.evaluate(`(() => {
    const bytes = Uint8Array.from(atob('${PNG}'), (char) => char.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], 'dot.png', { type: 'image/png' }));
    const drop = new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
    document.querySelector('.composer').dispatchEvent(drop);
  })()`);
  await page.getByRole('img', { name: 'Picture 1', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Remove picture 1' }).click();
  await page.getByRole('img', { name: 'Picture 1', exact: true }).waitFor({ state: 'detached' });
});
