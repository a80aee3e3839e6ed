import type { JsonObject } from '#libs/contract';
import { runsEncoder } from '#libs/protocols';
import fc from '../../../support/property.js';
import { readFileSync } from 'node:fs';
import { EVENT_NAMES, LIMIT_REACHED, REASONING_AVAILABLE } from '../../../../libs/protocols/src/runs/event-names.js';
import { eventLogs } from '../../../support/event-log.js';
import { readStream, transcript } from '../../../support/transcript.js';

const HEAD = ['event', 'run_id', 'timestamp', 'seq'];

/** Event name -> the row's second cell, of the table in docs/runs.md. */
function documented(): Map<string, string> {
  const table = readFileSync('docs/runs.md', 'utf8').split('\n## Events\n')[1]?.split('\n## ')[0] ?? '';
  const rows = [...table.matchAll(/^\| (`.*?) \| (.*) \|$/gm)];
  return new Map(
    rows.flatMap(([, names = '', fields = '']) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, fields] as const),
    ),
  );
}

test('docs/runs.md names every event of a run, and no other', () => {
  expect([...documented().keys()].sort()).toEqual(
    [...new Set([...Object.values(EVENT_NAMES), LIMIT_REACHED, REASONING_AVAILABLE])].sort(),
  );
});

test('docs/runs.md names every field that an event of a random log has', () => {
  const table = documented();
  fc.assert(
    fc.property(eventLogs(), (events) => {
      for (const { data } of readStream(transcript(runsEncoder, events)).frames) {
        const { event, ...fields } = JSON.parse(data) as JsonObject & { event: string };
        const names = Object.keys(fields).filter((name) => !HEAD.includes(name));
        const row = table.get(event) ?? '';
        expect([event, names.filter((name) => !row.includes(`\`${name}\``))]).toEqual([event, []]);
      }
    }),
    { numRuns: 200 },
  );
});
