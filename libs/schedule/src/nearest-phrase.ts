const CLOCK = /(?:at )?(\d{1,2}(?::\d{2})? ?(?:am|pm)?|noon|midnight)$/;
const HOURS: ReadonlyMap<string, string> = new Map([
  ['morning', '8am'],
  ['afternoon', '2pm'],
  ['evening', '6pm'],
  ['night', '10pm'],
]);

/**
 * What somebody may have meant whose words are no schedule: the nearest text that is one. Undefined: no guess. Looks at
 * the words alone, so `tomorrow` has none: its day depends on when it is read.
 */
export function nearestPhrase(text: string): string | undefined {
  const words = text.toLowerCase();
  const clock = CLOCK.exec(words)?.[1]?.replace(' ', '');
  const time = clock ?? [...HOURS].find(([word]) => words.includes(word))?.[1] ?? '9am';
  if (/^(every |each |in the |at )?(morning|afternoon|evening|night)s?\b/.test(words)) return `daily at ${time}`;
  if (/^(every |each |on )?(work|working|business) ?days?\b/.test(words)) return `weekdays at ${time}`;
  const monthly = /^(?:monthly|every month|each month)\b(?:.*?\b(\d{1,2})(?:st|nd|rd|th)\b)?/.exec(words);
  if (monthly) return `${cronTime(time)} ${dayOfMonth(monthly[1])} * *`;
  if (/^(hourly|every hour|each hour)\b/.test(words)) return 'every 1h';
  if (/^(weekly|every week|each week)\b/.test(words)) return `mondays at ${time}`;
  return clock !== undefined && CLOCK.exec(words)?.index === 0 ? `daily at ${clock}` : undefined;
}

const dayOfMonth = (text: string | undefined): number => Math.min(Math.max(Number(text ?? 1), 1), 31);

/** Minute and hour of a time such as `9am` or `18:30`. */
function cronTime(clock: string): string {
  if (clock === 'noon') return '0 12';
  if (clock === 'midnight') return '0 0';
  const [, hour = '9', minute = '0', half] = /^(\d{1,2})(?::(\d{2}))?(am|pm)?$/.exec(clock) ?? [];
  const inDay = half === undefined ? Number(hour) : (Number(hour) % 12) + (half === 'pm' ? 12 : 0);
  return `${Number(minute)} ${inDay}`;
}
