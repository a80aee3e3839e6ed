import type { JsonObject, ToolResult } from '#libs/contract';
import { currentTime } from '../../../libs/tools/src/current-time/current-time.js';
import { toolContext } from '../../support/tool-context.js';

const tell = (at: string, args: JsonObject): Promise<ToolResult> =>
  currentTime(() => Date.parse(at)).execute(args, toolContext());

describe('current_time', () => {
  test.each([
    ['2026-11-21T06:14:05Z', undefined, '2026-11-21T06:14:05+00:00', 'Saturday'],
    ['2026-11-21T06:14:05Z', null, '2026-11-21T06:14:05+00:00', 'Saturday'],
    ['2026-11-21T06:14:05Z', 'Europe/Berlin', '2026-11-21T07:14:05+01:00', 'Saturday'],
    ['2026-07-01T23:30:00Z', 'Europe/Berlin', '2026-07-02T01:30:00+02:00', 'Thursday'],
    ['2026-07-01T00:00:00Z', 'America/St_Johns', '2026-06-30T21:30:00-02:30', 'Tuesday'],
    ['2026-01-01T18:30:00Z', 'Asia/Kolkata', '2026-01-02T00:00:00+05:30', 'Friday'],
  ])('at %s in %s', async (at, timezone, time, weekday) => {
    const { output, isError } = await tell(at, { timezone });
    expect(isError).toBeFalsy();
    expect(JSON.parse(output)).toEqual({ time, weekday, timezone: timezone ?? 'UTC' });
    expect(Date.parse(time)).toBe(Date.parse(at));
  });

  test.each(['Mars/Olympus', '', '../etc', 'x'.repeat(10_000)])('an unknown zone is named', async (timezone) => {
    const { output, isError } = await tell('2026-01-01T00:00:00Z', { timezone });
    expect(isError).toBe(true);
    expect(output).toContain(`'${timezone.slice(0, 64)}'`);
    expect(output.length).toBeLessThan(200);
  });

  test('a zone that is no string is refused', async () => {
    expect(await tell('2026-01-01T00:00:00Z', { timezone: 5 })).toMatchObject({ isError: true });
  });
});
