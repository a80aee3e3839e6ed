import { Worker } from 'node:worker_threads';
import { Refusal } from '../workspace/refusal.js';
import { LINE_CHARS_MAX, type Match, type Matcher } from './matches.js';

/** Time that one search may spend in its thread, waiting for files included. */
export const REGEX_MS_MAX = 5_000;
const HEAP_MB_MAX = 64;

/**
 * A thread of its own is the only way to stop a regular expression that backtracks for ever: a model's pattern must not
 * hold up the other runs of a worker. The program is a text, so that it does not depend on where the sources lie.
 */
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  const pattern = new RegExp(workerData.source, workerData.flags);
  parentPort.on('message', ({ text, max }) => {
    const found = [];
    const lines = text.split('\\n');
    for (let i = 0; i < lines.length && found.length < max; i += 1) {
      if (pattern.test(lines[i])) found.push({ line: i + 1, text: lines[i].slice(0, ${LINE_CHARS_MAX}) });
    }
    parentPort.postMessage(found);
  });
`;

/**
 * Hands `use` a matcher for a regular expression. The matcher rejects with a Refusal once REGEX_MS_MAX are over, and when
 * the pattern is none; the thread is gone when the promise settles.
 */
export async function withRegexMatcher<T>(
  { source, ignoreCase }: { readonly source: string; readonly ignoreCase: boolean },
  use: (matcher: Matcher) => Promise<T>,
): Promise<T> {
  const flags = ignoreCase ? 'iu' : 'u';
  assertPattern(source, flags);
  const thread = new Worker(PROGRAM, {
    eval: true,
    env: {},
    workerData: { source, flags },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  const lost = new Promise<never>((_resolve, reject) => {
    const give = (why: string): void => reject(new Refusal(why));
    const timer = setTimeout(() => give('The search took too long. Use a simpler pattern.'), REGEX_MS_MAX);
    thread.once('error', () => give('The search failed. Use a simpler pattern.'));
    thread.once('exit', () => {
      clearTimeout(timer);
      give('The search was broken off.');
    });
  });
  // It is awaited only while a match is.
  lost.catch(() => undefined);
  const ask: Matcher = (text, max) => {
    const answer = new Promise<readonly Match[]>((resolve) => thread.once('message', resolve));
    thread.postMessage({ text, max });
    return Promise.race([answer, lost]);
  };
  try {
    return await use(ask);
  } finally {
    await thread.terminate();
  }
}

function assertPattern(source: string, flags: string): void {
  try {
    new RegExp(source, flags);
  } catch (cause) {
    throw new Refusal(`The pattern is no regular expression: ${(cause as SyntaxError).message}.`);
  }
}
