import { PassThrough } from 'node:stream';
import { confirmAt } from '../../../apps/launcher/src/console/confirm.js';

const terminal = (isTTY = true) => {
  const stop = new AbortController();
  const [input, output] = [Object.assign(new PassThrough(), { isTTY }), Object.assign(new PassThrough(), { isTTY })];
  return { input, output, stop, signal: stop.signal };
};

test.each([
  ['\n', true],
  ['y\n', true],
  ['Yes\n', true],
  ['n\n', false],
  ['later\n', false],
])('%j is %s', async (typed, meant) => {
  const at = terminal();
  const answer = confirmAt(at)?.('Install it?');
  at.input.write(typed);
  expect(await answer).toBe(meant);
  expect(String(at.output.read())).toContain('Install it? [Y/n]');
});

test('nobody is asked where there is no terminal', () => {
  expect(confirmAt(terminal(false))).toBeUndefined();
});

test('the end of the input and the end of the launcher are no', async () => {
  const [closed, stopped] = [terminal(), terminal()];
  const answers = [closed, stopped].map(async (at) => confirmAt(at)?.('?'));
  closed.input.end();
  stopped.stop.abort();
  expect(await Promise.all(answers)).toEqual([false, false]);
});
