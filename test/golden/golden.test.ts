import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { foldAll, type JsonObject, type LoggedEvent } from '#libs/contract';
import { cancelledError, PROTOCOLS, runObject, runsEncoder, type Protocol } from '#libs/protocols';
import { checkLog } from '../support/event-grammar.js';
import { transcript } from '../support/transcript.js';

/**
 * Golden transcripts: <view>/<case>/events.jsonl is a run's log, stream.sse and final.json are what its listeners get.
 * After a change that is meant, UPDATE_GOLDEN=1 writes the outputs anew: read the difference against the API's
 * reference.
 */
const HERE = dirname(fileURLToPath(import.meta.url));
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';

interface View {
  readonly name: string;
  stream(events: readonly LoggedEvent[]): string;
  final(events: readonly LoggedEvent[]): JsonObject;
}

const VIEWS: readonly View[] = [
  ...PROTOCOLS.map((protocol) => ({
    name: protocol.name,
    stream: (events: readonly LoggedEvent[]) => transcript(protocol, events),
    final: (events: readonly LoggedEvent[]) => answerOf(protocol, events),
  })),
  {
    name: 'runs',
    stream: (events) => transcript(runsEncoder, events),
    final: (events) => runObject(foldAll(events)),
  },
];

describe.each(VIEWS)('golden transcripts of $name', ({ name, stream, final }) => {
  const cases = existsSync(join(HERE, name)) ? readdirSync(join(HERE, name)).sort() : [];

  test('there are some', () => expect(cases.length).toBeGreaterThan(0));

  test.each(cases)('%s', (folder) => {
    const events = readLog(join(HERE, name, folder, 'events.jsonl'));
    expect(checkLog(events)).toEqual([]);
    expectFile(join(HERE, name, folder, 'stream.sse'), stream(events));
    expectFile(join(HERE, name, folder, 'final.json'), `${JSON.stringify(final(events), null, 2)}\n`);
  });
});

/** The answer without streaming, or the body of its error answer. */
function answerOf(protocol: Protocol, events: readonly LoggedEvent[]): JsonObject {
  const snapshot = foldAll(events);
  if (snapshot.error) return protocol.error(snapshot.error);
  if (snapshot.cancelReason) return protocol.error(cancelledError(snapshot.cancelReason));
  return protocol.final(snapshot);
}

function readLog(path: string): LoggedEvent[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as LoggedEvent);
}

function expectFile(path: string, text: string): void {
  if (isUpdate) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}
