import { outputText, foldAll, isTerminal, type LoggedEvent } from '#libs/contract';
import { runsEncoder } from '#libs/protocols';
import type { Redis } from 'ioredis';
import { readChat } from '../support/chat-stream.js';
import { checkLog } from '../support/event-grammar.js';
import { readLog } from '../support/read-log.js';
import type { Reading, ReadFrame } from './reading.js';
import type { Submitted } from './submit.js';

/** One run and everybody who listened to it. */
export interface Watched {
  readonly run: Submitted;
  readonly readings: readonly Reading[];
}

export interface Audit {
  readonly runs: number;
  /** Events that were delivered to listeners. */
  readonly deliveries: number;
  readonly connects: number;
  /** Events of the log that a listener did not get, and those it got more than once or other than logged. */
  readonly lost: number;
  readonly doubled: number;
  readonly altered: number;
  /** Runs by the name of their terminal event. */
  readonly ends: Readonly<Record<string, number>>;
  /** Everything that breaks a promise; empty when all is well. */
  readonly problems: readonly string[];
}

/**
 * Holds what happened against the promise: each log is whole by its grammar with one terminal event at its end, every
 * listener got exactly that log, and a chat stream that looks whole has said the run's text.
 */
export async function audit(redis: Redis, watched: readonly Watched[]): Promise<Audit> {
  const problems: string[] = [];
  const ends: Record<string, number> = {};
  const sums = { deliveries: 0, connects: 0, lost: 0, doubled: 0, altered: 0 };
  for (const { run, readings } of watched) {
    const log = await readLog(redis, run.runId);
    const say = (what: string): void => void problems.push(`${run.runId} (${run.model}): ${what}`);
    checkLog(log).forEach(say);
    const terminal = log.at(-1);
    const end = terminal?.type === 'run.failed' ? `run.failed ${terminal.error.code}` : (terminal?.type ?? 'nothing');
    ends[end] = (ends[end] ?? 0) + 1;
    const expected = framesOf(log);
    for (const reading of readings) {
      const found = compare(expected, reading.frames);
      sums.deliveries += reading.frames.length;
      sums.connects += reading.connects;
      for (const name of ['lost', 'doubled', 'altered'] as const) sums[name] += found[name];
      if (found.lost + found.doubled + found.altered > 0) say(`a listener was told ${JSON.stringify(found)}`);
      reading.refusals.forEach(say);
    }
    checkChat(run, log).forEach(say);
  }
  return { runs: watched.length, ...sums, ends, problems };
}

/** What every listener of this log has to be sent. */
function framesOf(log: readonly LoggedEvent[]): ReadFrame[] {
  let state = runsEncoder.begin();
  const sent: ReadFrame[] = [];
  for (const event of log) {
    const [next, frames] = runsEncoder.encode(state, event);
    state = next;
    for (const frame of frames) if (frame.comment === undefined) sent.push({ id: frame.id ?? '', data: frame.data });
  }
  return sent;
}

function compare(
  expected: readonly ReadFrame[],
  read: readonly ReadFrame[],
): Record<'lost' | 'doubled' | 'altered', number> {
  const seen = new Map<string, string>();
  let [doubled, altered] = [0, 0];
  let lastPlace = -1;
  const places = new Map(expected.map(({ id }, i) => [id, i]));
  for (const { id, data } of read) {
    if (seen.has(id)) doubled++;
    seen.set(id, data);
    const place = places.get(id) ?? -1;
    if (place <= lastPlace || expected[place]?.data !== data) altered++;
    lastPlace = place;
  }
  return { lost: expected.filter(({ id }) => !seen.has(id)).length, doubled, altered };
}

const KEEPALIVE = /^:.*\n\n/gm;

function checkChat({ chat }: Submitted, log: readonly LoggedEvent[]): string[] {
  if (chat.broke) return [];
  try {
    const { content, finish, error } = readChat(chat.text.replaceAll(KEEPALIVE, ''));
    if (error || finish === null) {
      const isHonest = log.some(
        (event) => event.type === 'step.interrupted' || (isTerminal(event) && event.type !== 'run.completed'),
      );
      return isHonest ? [] : ['the chat stream failed although the run did not'];
    }
    const said = outputText(foldAll(log));
    return content === said ? [] : [`the chat stream said ${content.length} characters, the run ${said.length}`];
  } catch (cause) {
    return [`the chat stream is malformed: ${String(cause)}`];
  }
}
