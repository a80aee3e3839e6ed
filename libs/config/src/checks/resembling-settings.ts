import type { Environment } from '../reading/sources.js';
import type { Variable } from '../settings/variable.js';
import { VARIABLES } from '../settings/variables.js';

/** More mistakes than these in one name are another name. */
const MISTAKES_MAX = 2;
/** Short names resemble each other by chance. */
const CHARS_MIN = 4;
/** Not settings of the services, but ours. */
const OURS = /^TALARIA_(PARENT|URL|KEY|TEST_\w+|VERSION)$/;
/** Names that other programs have for what we call otherwise. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  OPENAI_API_BASE: 'OPENAI_BASE_URL',
  OPENAI_API_BASE_URL: 'OPENAI_BASE_URL',
  OPENAI_DEFAULT_MODEL: 'OPENAI_MODEL',
  TALARIA_PORT: 'API_SERVER_PORT',
  TALARIA_HOST: 'API_SERVER_HOST',
  TALARIA_API_KEY: 'API_SERVER_KEY',
};

/**
 * Variables that nobody reads although they look like a setting: one warning for each, without its value. A misspelt
 * name in the settings file is an error; in the environment most names belong to other programs, so this only warns.
 * @param named variables that the settings file names: somebody reads those.
 */
export function resemblingSettings(env: Environment, named: Iterable<string> = []): string[] {
  const read = new Set(named);
  const known = (VARIABLES as readonly Variable[]).flatMap(({ name, secret }) =>
    secret ? [name, `${name}_FILE`] : [name],
  );
  return Object.keys(env).flatMap((name) => {
    if (!env[name] || OURS.test(name) || [name, name.replace(/_FILE$/, '')].some((each) => read.has(each))) return [];
    if (known.includes(name)) return [];
    const meant = ELSEWHERE[name] ?? nearest(name, known);
    if (meant !== undefined) return [`${name} is no setting, and nobody reads it. Did you mean ${meant}?`];
    return name.startsWith('TALARIA_') ? [`${name} is no setting, and nobody reads it. See npm start -- --help`] : [];
  });
}

/** The known name with the fewest mistakes in it; undefined when all have too many. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .filter((other) => name.length >= CHARS_MIN && Math.abs(other.length - name.length) <= MISTAKES_MAX)
    .map((other) => ({ other, mistakes: distance(name, other) }))
    .filter(({ other, mistakes }) => mistakes <= Math.min(MISTAKES_MAX, Math.floor(other.length / CHARS_MIN)))
    .sort((a, b) => a.mistakes - b.mistakes);
  return ranked[0]?.other;
}

/**
 * Letters to insert, delete, replace or swap with their neighbour to make one word of the other (optimal alignment).
 */
function distance(a: string, b: string): number {
  const far = a.length + b.length;
  const known = new Map<string, number>();
  const at = (i: number, j: number): number =>
    i < 0 || j < 0 ? far : i === 0 || j === 0 ? i + j : (known.get(`${i},${j}`) ?? far);
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const [x, y] = [a[i - 1], b[j - 1]];
      const isSwapped = x === b[j - 2] && y === a[i - 2];
      const ways = [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (x === y ? 0 : 1)];
      known.set(`${i},${j}`, Math.min(...ways, isSwapped ? at(i - 2, j - 2) + 1 : far));
    }
  }
  return at(a.length, b.length);
}
