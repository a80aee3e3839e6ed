import { GatewayError } from '#libs/contract';

const NAME = /^[A-Za-z][A-Za-z0-9+\-_/]{0,63}$/;

/**
 * Checks the name of a time zone; upper and lower case do not matter.
 * @returns its usual spelling. A name that the platform has renamed (`Asia/Kolkata`) keeps the user's spelling.
 * @throws GatewayError `invalid_timezone`
 */
export function parseTimezone(name: string): string {
  const known = NAME.test(name) ? resolve(name) : undefined;
  if (known === undefined) throw unknownZone(name);
  return known.toLowerCase() === name.toLowerCase() ? known : capitalised(name);
}

function unknownZone(name: string): GatewayError {
  const shown = name.length > 64 ? 'This text' : JSON.stringify(name);
  const problem = `${shown} is not a time zone. Use an IANA name such as "Europe/Berlin" or "UTC".`;
  return new GatewayError('invalid_timezone', problem, { param: 'timezone' });
}

function resolve(name: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}

/**
 * The spelling of a name that the platform knows under another one: mixed case is kept, `asia/kolkata` ->
 * `Asia/Kolkata`.
 */
function capitalised(name: string): string {
  if (/[a-z]/.test(name) && /[A-Z]/.test(name)) return name;
  if (!name.includes('/') && name.length <= 7) return name.toUpperCase();
  return name
    .toLowerCase()
    .replace(/\b(us|utc|gmt|uct)\b/g, (word) => word.toUpperCase())
    .replace(/(^|[/_-])([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());
}
