import { Worker } from 'node:worker_threads';
import { Refusal } from '../workspace/refusal.js';

/** Most lines that one search returns, and the length of each. */
export const LINES_MAX = 200;
const LINE_CHARS_MAX = 300;

interface Match {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** The first `max` lines of a text that match a query. */
export type Matcher = (text: string, max: number) => Promise<readonly Match[]>;

/** Time that one search may spend in its thread. */
export const SEARCH_MS_MAX = 5_000;
const HEAP_MB_MAX = 64;

export interface Query {
  readonly query: string;
  readonly isRegex: boolean;
  readonly ignoreCase: boolean;
}

/**
 * Only a separate thread can stop a regular expression that backtracks for ever, and keep a slow text search (quadratic
 * in the worst case) off the event loop: a model's search must not delay the other runs of a worker. The program is a
 * string, so that it does not depend on the location of the sources.
 */
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { query, isRegex, ignoreCase } = workerData;
  const fold = (text) => (ignoreCase ? text.toLowerCase() : text);
  const pattern = isRegex ? new RegExp(query, ignoreCase ? 'iu' : 'u') : undefined;
  const needle = fold(query);
  const fits = pattern ? (line) => pattern.test(line) : (line) => fold(line).includes(needle);
  parentPort.on('message', ({ text, max }) => {
    const found = [];
    const lines = text.split('\\n');
    for (let i = 0; i < lines.length && found.length < max; i += 1) {
      if (fits(lines[i])) found.push({ line: i + 1, text: lines[i].slice(0, ${LINE_CHARS_MAX}) });
    }
    parentPort.postMessage(found);
  });
`;

/**
 * Passes a matcher to `use`. The matcher rejects with a Refusal when it has taken SEARCH_MS_MAX in all, and when the
 * pattern is invalid. The thread has ended when the promise settles.
 */
export async function withMatcher<T>(query: Query, use: (matcher: Matcher) => Promise<T>): Promise<T> {
  assertPattern(query);
  const thread = new Worker(PROGRAM, {
    eval: true,
    env: {},
    workerData: query,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  let give = (_why: string): void => undefined;
  const lost = new Promise<never>((_resolve, reject) => (give = (why) => reject(new Refusal(why))));
  // This promise is awaited only while a match is.
  lost.catch(() => undefined);
  thread.once('error', () => give('The search failed. Use a simpler query.'));
  thread.once('exit', () => give('The search was broken off.'));
  let leftMs = SEARCH_MS_MAX;
  const ask: Matcher = async (text, max) => {
    const startedAt = performance.now();
    const timer = setTimeout(() => give('The search took too long. Use a simpler query.'), leftMs);
    const answer = new Promise<readonly Match[]>((resolve) => thread.once('message', resolve));
    thread.postMessage({ text, max });
    try {
      return await Promise.race([answer, lost]);
    } finally {
      clearTimeout(timer);
      leftMs -= performance.now() - startedAt;
    }
  };
  try {
    return await use(ask);
  } finally {
    await thread.terminate();
  }
}

function assertPattern({ query, isRegex }: Query): void {
  if (!isRegex) return;
  try {
    new RegExp(query, 'u');
  } catch (cause) {
    throw new Refusal(`The pattern is no regular expression: ${(cause as SyntaxError).message}.`);
  }
}
