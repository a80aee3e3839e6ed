import { zonedTime } from '../../../apps/cli/src/output/table.js';

test.each([
  ['2026-12-01T07:30:00.000Z', 'Europe/Berlin', '2026-12-01 08:30 Europe/Berlin'],
  ['2026-12-01T23:30:00.000Z', 'Asia/Tokyo', '2026-12-02 08:30 Asia/Tokyo'],
  [null, 'UTC', undefined],
])('%s in the zone %s', (time, zone, expected) => {
  expect(zonedTime(time, zone)).toBe(expected);
});
