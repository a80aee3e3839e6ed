import type { Page } from 'playwright-core';
import type { Visitor } from '../support/browser.js';
import { chat, startWebLab, words, type WebLab } from '../support/web-lab.js';

/** The chat page in a real browser against the real services. */
const MODELS = {
  slow: 'ok:n=20,gap=100',
  quick: 'ok:n=5',
  thinking: 'reasoning:n=3',
  tool: 'tools',
  endless: 'hang:n=8,after=5',
  failing: '400',
  hostile: 'script:name=hostile',
};
const HOSTILE = [
  '# <img src=x onerror="window.hurt=1">\n\n',
  '<script>window.hurt = 2</script>\n\n',
  '[click](javascript:window.hurt=3) [data](data:text/html,<script>1</script>) [fine](https://example.com/a)\n\n',
  '![beacon](https://example.com/pixel.png?secret)\n\n',
  '<iframe src="https://example.com"></iframe><svg onload="window.hurt=4">\n\n',
  '```html\n<script>window.hurt = 5</script>\n```\n\n',
  '| a | b |\n|---|---|\n| <b onclick="window.hurt=6">x</b> | $a_1 + b_1$ |\n\n',
  '- [x] done\n- [ ] to do &amp; more &#60;i&#62;\n',
];
let lab: WebLab;
let visitor: Visitor;
let page: Page;

beforeAll(async () => {
  lab = await startWebLab(MODELS, { approvals: { rules: [{ tool: 'current_time', policy: 'always' }] } });
  const chunk = (content: string): object => ({ choices: [{ index: 0, delta: { content } }] });
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  lab.upstream.scripts.set('hostile', [...HOSTILE.map(chunk), end, 'data: [DONE]\n\n']);
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

test('a message is answered, and is still there once after a reload in the middle of the answer', async () => {
  await chat.say(page, 'Count, please.', 'slow');
  await page.locator('.answer').getByText('word3').waitFor();
  await page.reload();
  await chat.answer(page, 'completed').waitFor();
  expect(await page.locator('.answer .markdown').allInnerTexts()).toEqual([words(20)]);
  expect(await page.locator('.question p').allInnerTexts()).toEqual(['Count, please.']);
});

test('thoughts are folded away, and open', async () => {
  await chat.say(page, 'Think.', 'thinking');
  await chat.answer(page, 'completed').waitFor();
  const thoughts = page.locator('.reasoning');
  expect(await thoughts.getByText('I think.').isVisible()).toBe(false);
  await thoughts.getByText('Thoughts').click();
  await thoughts.getByText('I think.').waitFor();
});

test.each([
  ['Allow once', 'done'],
  ['Deny', 'denied'],
])('a call waits for approval; %s makes it %s, and the answer goes on', async (button, state) => {
  await chat.say(page, 'What time is it?', 'tool');
  const card = page.getByRole('region', { name: 'Approval of current_time' });
  await card.waitFor();
  expect(await card.getByRole('button').allInnerTexts()).toEqual([
    'Allow once',
    'Allow for session',
    'Always allow',
    'Deny',
  ]);
  await card.getByRole('button', { name: button, exact: true }).click();
  await chat.answer(page, 'completed').waitFor();
  const tool = page.locator(`.tool.${state}`);
  await tool.getByText('current_time').click();
  await tool.getByText('Arguments').waitFor();
  await page.locator('.answer').getByText('word7').waitFor();
});

test('a run is steered and stopped; the next message waits for its turn, and is stopped with it', async () => {
  await chat.say(page, 'First.', 'endless');
  await page.locator('.answer').getByText('word2').waitFor();
  await chat.box(page).fill('Be brief.');
  await chat.button(page, 'Steer').click();
  await page.locator('#message:text-is("")').waitFor();
  await chat.say(page, 'Second.', 'endless');
  await page.getByText('Waiting for its turn').waitFor();
  await chat.button(page, 'Stop').click();
  await page.locator('.answer[data-status=cancelled]').nth(1).waitFor();
  await page.getByText('Your last words came too late for the model.').waitFor();
  expect(await page.locator('.answer[data-status=cancelled] .markdown').allInnerTexts()).toEqual([words(5)]);
});

test('a failure says what happened; Retry begins a branch, Fork continues from an answer', async () => {
  await chat.say(page, 'Fail.', 'failing');
  await page.locator('.answer[data-status=failed] [role=alert]').waitFor();
  const before = page.url();
  await page.getByLabel('Model').selectOption('quick');
  await page.locator('.error').getByRole('button', { name: 'Retry' }).click();
  await chat.answer(page, 'completed').waitFor();
  expect(page.url()).not.toBe(before);
  expect(await page.locator('.question p').allInnerTexts()).toEqual(['Fail.']);
  const branch = page.url();
  await page.getByRole('button', { name: 'Fork here' }).click();
  await page.waitForURL((url) => url.href !== branch);
  await page.locator('.answer').getByText('word4').waitFor();
  await chat.say(page, 'Go on.', 'quick');
  await page.locator('.answer[data-status=completed]').nth(1).waitFor();
  expect(await page.locator('.question p').allInnerTexts()).toEqual(['Fail.', 'Go on.']);
});

test('a picture is pasted, shown, sent, and reaches the model', async () => {
  const bytes = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  await chat.box(page).focus();
  await page.evaluate(`(() => {
    const bytes = Uint8Array.from(atob('${bytes}'), (char) => char.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], 'dot.png', { type: 'image/png' }));
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
  })()`);
  await page.getByRole('img', { name: 'Picture 1', exact: true }).waitFor();
  await chat.say(page, 'What is this?', 'quick');
  await chat.answer(page, 'completed').waitFor();
  await page.getByRole('img', { name: 'Picture 1 of your message' }).waitFor();
  expect(JSON.stringify(lab.upstream.requests.at(-1)?.body)).toContain(bytes);
});

test('hostile Markdown runs nothing, loads nothing, and is still readable', async () => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await chat.say(page, 'Attack.', 'hostile');
  await chat.answer(page, 'completed').waitFor();
  const answer = page.locator('.answer');
  await answer.getByText('$a_1 + b_1$').waitFor();
  await answer.getByText('to do & more <i>').waitFor();
  expect(await page.evaluate('window.hurt')).toBeUndefined();
  expect(await answer.locator('script, iframe, img, svg, [onerror], [onclick], [onload]').count()).toBe(0);
  const links = await page.evaluate(
    `[...document.querySelectorAll('.answer a')].map((a) => [a.href, a.rel, a.target])`,
  );
  const safe = ['noopener noreferrer nofollow', '_blank'];
  expect(links).toEqual([
    ['https://example.com/a', ...safe],
    ['https://example.com/pixel.png?secret', ...safe],
  ]);
  expect(asked.filter((url) => !url.startsWith(lab.url))).toEqual([]);
});

test('sessions are found, renamed and deleted', async () => {
  await chat.say(page, 'Remember the aardvark.', 'quick');
  await chat.answer(page, 'completed').waitFor();
  const list = page.getByRole('complementary', { name: 'Sessions' });
  await list.getByLabel('Search sessions').fill('aardvark');
  await list.getByRole('link', { name: /aardvark/ }).waitFor();
  await list.getByRole('button', { name: /^Rename/ }).click();
  await list.getByLabel('Title').fill('The animal');
  await list.getByLabel('Title').press('Enter');
  await list.getByLabel('Search sessions').fill('animal');
  await list.getByRole('link', { name: 'The animal' }).waitFor();
  page.once('dialog', (dialog) => void dialog.accept());
  await list.getByRole('button', { name: 'Delete The animal' }).click();
  await list.getByRole('link', { name: 'The animal' }).waitFor({ state: 'detached' });
});
