import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { install } from '../../compat/install.js';
import { projectRoot } from '../support/project-root.js';
import { withSlack } from '../support/slack.js';
import { startWebLab, words, type WebLab } from '../support/web-lab.js';

/** `examples/use-chat`, with useChat as it is published, in a browser: answers, a reload, approvals. */
const INSTALL_MS_MAX = 150_000;
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };
let lab: WebLab;
let folder: string;
let server: Server;
let page: Page;

beforeAll(async () => {
  await install('sdk');
  folder = await mkdtemp(join(tmpdir(), 'talaria-use-chat-'));
  await promisify(execFile)('node', [join(projectRoot(), 'test/support/build-use-chat.mjs'), folder]);
  const approvals = { rules: [{ tool: 'current_time', policy: 'always' }] };
  lab = await startWebLab({ slow: 'ok:n=40,gap=150', tool: 'tools' }, { approvals });
  server = serve(folder, lab.url);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}, withSlack(INSTALL_MS_MAX));
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await lab?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The page's own server: its files, and its requests handed on, as `vite` does with `npm start`. */
function serve(files: string, gateway: string): Server {
  const { hostname: host, port } = new URL(gateway);
  return createServer((incoming, outgoing) => {
    const { url: path = '/', method, headers } = incoming;
    if (path.startsWith('/v1')) {
      const onward = request({ host, port, method, path, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.flushHeaders();
        pipeline(answer, outgoing, () => undefined);
      });
      onward.on('error', () => outgoing.destroy());
      outgoing.on('close', () => onward.destroy());
      pipeline(incoming, onward, () => undefined);
      return;
    }
    const name = path === '/' ? '/index.html' : path;
    readFile(join(files, name)).then(
      (body) => outgoing.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'text/plain' }).end(body),
      () => outgoing.writeHead(404).end(),
    );
  });
}

async function open(model: string): Promise<Page> {
  const visitor = await lab.browser.visitor();
  const opened = await visitor.context.newPage();
  // The example asks for the default model; here several are tried.
  await opened.route('**/v1/ui/chat', async (route) => {
    const body = JSON.parse(route.request().postData() ?? '{}') as object;
    await route.continue({ postData: JSON.stringify({ ...body, model }) });
  });
  await opened.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return opened;
}

async function say(text: string): Promise<void> {
  await page.getByLabel('Message').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

const answers = (): Promise<string[]> => page.locator('.assistant p').allInnerTexts();

test('an answer that was cut by a reload goes on where it is, and nothing stands twice', async () => {
  page = await open('slow');
  await say('Count.');
  await page.locator('.assistant').getByText('word5').waitFor();
  await page.reload();
  await page.locator('.assistant').getByText('word39').waitFor();
  await page.locator('main[data-status=ready]').waitFor();
  expect((await answers()).map((text) => text.trim())).toEqual([words(40)]);
  expect(await page.locator('.user').count()).toBe(1);
});

test.each([
  ['Allow', 'output-available'],
  ['Deny', 'output-denied'],
])('a call waits for its approval; %s makes it %s, in the same message', async (button, state) => {
  page = await open('tool');
  await say('What time is it?');
  await page.locator('[data-tool=approval-requested]').waitFor();
  await page.locator('main[data-status=ready]').waitFor();
  // The request is still there after a reload.
  await page.reload();
  await page.getByRole('button', { name: button }).click();
  await page.locator(`[data-tool=${state}]`).waitFor();
  await page.locator('.assistant').getByText('word7').waitFor();
  await page.locator('main[data-status=ready]').waitFor();
  expect(await page.locator('.assistant').count()).toBe(1);
  await page.locator('[role=alert]').waitFor({ state: 'detached' });
});

test('an answer is made again, and the next message continues it', async () => {
  page = await open('slow');
  await say('Count.');
  await page.locator('.assistant').getByText('word39').waitFor();
  await page.locator('main[data-status=ready]').waitFor();
  await page.getByRole('button', { name: 'Again' }).click();
  await page.locator('.assistant').getByText('word39').waitFor();
  await page.locator('main[data-status=ready]').waitFor();
  expect(await page.locator('.assistant').count()).toBe(1);
  await say('And on.');
  await page.locator('.assistant').nth(1).getByText('word3 ').waitFor();
  const sent = lab.upstream.requests.at(-1)?.body['messages'] as { role: string }[];
  expect(sent.filter(({ role }) => role !== 'system').map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
});
