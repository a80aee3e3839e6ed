import { parseTimezone } from '#libs/schedule';

describe('the name of a time zone', () => {
  test.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['europe/berlin', 'Europe/Berlin'],
    ['AMERICA/NEW_YORK', 'America/New_York'],
    ['america/port-au-prince', 'America/Port-au-Prince'],
    ['utc', 'UTC'],
    ['gmt', 'GMT'],
    ['etc/gmt+5', 'Etc/GMT+5'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['asia/kolkata', 'Asia/Kolkata'],
    ['Europe/Kyiv', 'Europe/Kyiv'],
    ['america/nuuk', 'America/Nuuk'],
    ['us/pacific', 'US/Pacific'],
    ['Etc/UTC', 'Etc/UTC'],
    ['etc/utc', 'Etc/UTC'],
    ['est5edt', 'EST5EDT'],
    ['NZ', 'NZ'],
  ])('%s is spelled %s', (name, spelling) => {
    expect(parseTimezone(name)).toBe(spelling);
  });

  test.each(['', ' ', 'Mars/Olympus', '+05:30', 'Europe/Berlin ', 'CET/CEST', 'a'.repeat(300), '../etc/passwd'])(
    '%p is refused',
    (name) => {
      expect(() => parseTimezone(name)).toThrow(
        expect.objectContaining({
          code: 'invalid_timezone',
          param: 'timezone',
          message: expect.stringContaining('not a time zone'),
        }),
      );
    },
  );

  test('every zone of the platform is taken, in any case, with one spelling', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    expect(zones.length).toBeGreaterThan(300);
    expect(zones.filter((zone) => parseTimezone(zone) !== zone || parseTimezone(zone.toLowerCase()) !== zone)).toEqual(
      [],
    );
  });
});
