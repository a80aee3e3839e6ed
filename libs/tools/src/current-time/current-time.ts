import type { JsonObject, Tool, ToolResult } from '#libs/contract';

/** `current_time`: the time in a time zone that the model chooses. `now` returns milliseconds since the epoch. */
export function currentTime(now: () => number): Tool {
  return {
    name: 'current_time',
    description: 'Tells the current date, time and weekday, in UTC or in the given IANA time zone.',
    parameters: {
      type: 'object',
      properties: {
        timezone: { type: 'string', description: 'IANA name, for example Europe/Berlin. Default: UTC.' },
      },
      additionalProperties: false,
    },
    idempotent: true,
    approval: 'never',
    execute: async (args) => tellTime(args, new Date(now())),
  };
}

function tellTime(args: JsonObject, at: Date): ToolResult {
  // Models send null or an empty value for a parameter that they do not need.
  const timezone = args['timezone'] ?? 'UTC';
  if (typeof timezone !== 'string') return { output: 'The timezone must be a string.', isError: true };
  const format = formatFor(timezone);
  if (!format) return { output: `Unknown time zone '${timezone.slice(0, 64)}'. Use an IANA name.`, isError: true };
  const part = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const date = `${part.get('year')}-${part.get('month')}-${part.get('day')}`;
  const time = `${part.get('hour')}:${part.get('minute')}:${part.get('second')}`;
  // 'GMT+05:30'; for UTC some versions of ICU say just 'GMT'.
  const offset = part.get('timeZoneName')?.slice('GMT'.length) || '+00:00';
  return { output: JSON.stringify({ time: `${date}T${time}${offset}`, weekday: part.get('weekday'), timezone }) };
}

function formatFor(timeZone: string): Intl.DateTimeFormat | undefined {
  const two = '2-digit';
  const day = { year: 'numeric', month: two, day: two, weekday: 'long' } as const;
  const time = { hour: two, minute: two, second: two, hourCycle: 'h23', timeZoneName: 'longOffset' } as const;
  try {
    return new Intl.DateTimeFormat('en-US', { ...day, ...time, timeZone });
  } catch {
    // A RangeError means that the zone is unknown. Nothing else in these options can be wrong.
    return undefined;
  }
}
