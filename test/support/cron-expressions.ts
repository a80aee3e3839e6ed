import fc from './property.js';

const MONTHS = ['JAN', 'feb', 'MAR', 'Apr', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'tue', 'WED', 'Thu', 'FRI', 'SAT'];

const number = (least: number, most: number): fc.Arbitrary<string> => fc.integer({ min: least, max: most }).map(String);
const range = (least: number, most: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
    .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
const list = (part: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(','));
const step = (base: fc.Arbitrary<string>, most: number): fc.Arbitrary<string> =>
  fc.tuple(base, fc.integer({ min: 1, max: most })).map(([from, every]) => `${from}/${every}`);

/** Every form that a field of numbers takes. */
const plain = (least: number, most: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant('*') },
    step(fc.constant('*'), Math.min(most, 30)),
    { weight: 3, arbitrary: number(least, most) },
    range(least, most),
    step(range(least, most), Math.min(most, 20)),
    list(fc.oneof(number(least, most), range(least, most))),
  );

const nearest = number(1, 31).map((day) => `${day}W`);
const dayOfMonth = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('*', '?') },
  plain(1, 31),
  fc.constantFrom('L', 'LW', '1,15,L'),
  nearest,
);
const month = fc.oneof({ weight: 6, arbitrary: fc.constant('*') }, plain(1, 12), list(fc.constantFrom(...MONTHS)));
const weekdays = fc.oneof(
  plain(0, 7),
  list(fc.constantFrom(...WEEKDAYS)),
  fc.constantFrom('MON-FRI', 'SAT,SUN', 'FRI-SUN'),
);
const nthWeekday = fc
  .tuple(
    fc.oneof(number(0, 7), fc.constantFrom(...WEEKDAYS), fc.constant('1-5')),
    fc.constantFrom('1', '2', '3', '4', '5', 'L'),
  )
  .map(([day, nth]) => `${day}#${nth}`);
const both = fc.oneof(weekdays, nthWeekday).map((field) => `+${field}`);
const dayOfWeek = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('*', '?') },
  { weight: 3, arbitrary: weekdays },
  nthWeekday,
  both,
);

const days = (...fields: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...fields).map((texts) => texts.join(' '));

/** Hours of the night, when clocks change. */
const night = fc.oneof(number(0, 4), range(0, 5), list(number(0, 4)), plain(0, 23));

/** Random expressions whose times lie where clocks change, most of them on every day. */
export const nightExpression = fc
  .tuple(
    plain(0, 59),
    night,
    fc.oneof({ weight: 3, arbitrary: fc.constant('* * *') }, days(dayOfMonth, month, dayOfWeek)),
  )
  .map((fields) => fields.join(' '));

/** Random dates at one time of day. */
export const dateExpression = fc
  .tuple(number(0, 59), number(0, 23), days(dayOfMonth, month, dayOfWeek))
  .map((fields) => fields.join(' '));
