import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { VisitorOptions } from '../support/browser.js';
import { projectRoot } from '../support/project-root.js';
import { chat, startWebLab } from '../support/web-lab.js';

/** npm run screenshots: the pictures of the documents, made anew. Look at them before you commit them. */
const FOLDER = join(projectRoot(), 'docs/images');
const ANSWER = [
  'The gateway keeps **one log per run**. Three things follow:\n\n',
  '| event | what a reader does |\n|---|---|\n| reload | folds the log again |\n| lost worker | takes the step back |\n\n',
  '```ts\nconst view = frames.reduce(foldFrame, emptyView(runId));\n```\n\n',
  'Nothing is lost, and nothing stands twice.',
];
const lab = await startWebLab(
  { careful: 'script:name=answer', clock: 'tools' },
  { approvals: { rules: [{ tool: 'current_time', policy: 'always' }] } },
);
try {
  const chunk = (content: string): object => ({ choices: [{ index: 0, delta: { content } }] });
  const usage = { prompt_tokens: 1_240, completion_tokens: 86, total_tokens: 1_326 };
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage };
  lab.upstream.scripts.set('answer', [...ANSWER.map(chunk), end, 'data: [DONE]\n\n']);
  await desk();
  await shot({ dark: true }, 'dark', async (page) => {
    await chat.say(page, 'What does a run log give its readers?', 'careful');
    await page.locator('.hl-keyword').waitFor();
  });
  await shot({ width: 390, height: 760 }, 'phone', async (page) => {
    await chat.say(page, 'What does a run log give its readers?', 'careful');
    await page.locator('.hl-keyword').waitFor();
  });
} finally {
  await lab.stop();
}

async function desk(): Promise<void> {
  const visitor = await lab.browser.visitor();
  const page = await visitor.open(lab.url);
  const take = (name: string): Promise<unknown> => page.screenshot({ path: join(FOLDER, `${name}.png`) });
  await chat.say(page, 'What does a run log give its readers?', 'careful');
  await chat.answer(page, 'completed').waitFor();
  await chat.say(page, 'What time is it in Athens?', 'clock');
  await page.getByRole('button', { name: 'Allow once' }).click();
  await page.locator('.tool.done').click();
  await chat.answer(page, 'completed').waitFor();
  const runId = await page.locator('.answer').last().getAttribute('data-run');
  await chat.say(page, 'And in Lima?', 'clock');
  await page.getByRole('region', { name: 'Approval of current_time' }).waitFor();
  await page.waitForTimeout(6_000);
  await take('chat');
  await page.goto(`${lab.url}/runs/${runId}`);
  await page.getByRole('group', { name: /^Timeline/ }).waitFor();
  await take('run');
  await page.goto(`${lab.url}/jobs`);
  await page.getByRole('button', { name: 'New job' }).click();
  await page.getByLabel('Name').fill('Morning news');
  await page.getByLabel('Schedule').fill('every monday 9am');
  await page.getByLabel('Prompt').fill('What is new?');
  await page.getByText(/Next: .+ · .+/).waitFor();
  await take('jobs');
  await page.goto(`${lab.url}/overview`);
  await page.locator('td').getByText('alive').waitFor();
  await page.waitForTimeout(15_000);
  await take('overview');
  await visitor.context.close();
}

async function shot(options: VisitorOptions, name: string, act: (page: Page) => Promise<void>): Promise<void> {
  const visitor = await lab.browser.visitor(options);
  const page = await visitor.open(lab.url);
  await act(page);
  await page.waitForTimeout(1_000);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  await visitor.context.close();
}
