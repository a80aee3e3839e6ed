import { matching, secret, splitList, type Parser } from './parsers.js';

/** A key from the environment: it has no role. */
export interface NamedKey {
  readonly name: string;
  readonly key: string;
}

export const KEY_CHARS_MIN = 16;
export const HOW_TO_MAKE_A_KEY = 'make one with: openssl rand -hex 24';

/** The owner of everything while no key is configured, which is allowed on a loopback address only. */
export const LOCAL_OWNER = 'local';

/** These names identify owners of runs in logs and rows. */
export const keyName: Parser<string> = matching(/^[A-Za-z0-9._-]{1,64}$/, 'a name of 1 to 64 of A-Z a-z 0-9 . _ -');

/** `name:key,name:key`; a key may contain colons, not commas. */
export const namedKeys: Parser<readonly NamedKey[]> = {
  expected: `name:key,name:key, where a name is made of A-Z a-z 0-9 . _ - and a key has no spaces or commas`,
  parse(value) {
    const keys = splitList(value).map(namedKey);
    return keys.every((key) => key !== undefined) ? keys : undefined;
  },
};

/**
 * Why a key must not guard an address that others can reach; undefined when it may. It finds keys that nobody would
 * make on purpose. It cannot know whether a key was ever secret.
 */
export function weakness(key: string): string | undefined {
  const bare = key.toLowerCase().replace(/^sk-/, '');
  const letters = bare.replace(/[^a-z0-9]/g, '');
  if (/^[<[{].*[>\]}]$/.test(key) || letters === 'test' || PLACEHOLDERS.some((word) => letters.includes(word))) {
    return 'is a placeholder';
  }
  if (key.length < KEY_CHARS_MIN) return `has fewer than ${KEY_CHARS_MIN} characters`;
  if (/^(.+?)\1+$/.test(bare) || entropyBits(bare) < ENTROPY_BITS_MIN) return 'repeats itself';
  if (SEQUENCES.some((sequence) => sequence.includes(bare))) return 'is a sequence';
  return undefined;
}

/**
 * Words of at least seven letters: a word of four occurs in one of 35,000 random keys of 32 letters, one of seven in
 * one of a billion.
 */
const PLACEHOLDERS = ['changeme', 'yourapikey', 'yourkey', 'yoursecret', 'replaceme', 'keyhere', 'xxxxxxxx'];
const SEQUENCES = [
  '0123456789'.repeat(4),
  'abcdefghijklmnopqrstuvwxyz0123456789',
  '0123456789abcdefghijklmnopqrstuvwxyz',
];

/** Counted from the key's own letters: of a million keys of 16 random hexadecimal digits, the lowest had 32.3 bits. */
const ENTROPY_BITS_MIN = 32;

function entropyBits(key: string): number {
  const counts = new Map<string, number>();
  for (const letter of key) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits + count * Math.log2(key.length / count), 0);
}

function namedKey(entry: string): NamedKey | undefined {
  const colon = entry.indexOf(':');
  const name = keyName.parse(entry.slice(0, Math.max(colon, 0)));
  const key = secret.parse(entry.slice(colon + 1));
  return name !== undefined && key !== undefined ? { name, key } : undefined;
}
