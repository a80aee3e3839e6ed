import ipaddr from 'ipaddr.js';

/** Reads the text of a setting. `undefined` means: not what was `expected`. Texts are trimmed before. */
export interface Parser<T> {
  readonly expected: string;
  /** The file may have a sequence instead of comma-separated text. */
  readonly list?: true;
  parse(text: string): T | undefined;
}

/** Any text, unchanged. */
export const text: Parser<string> = { expected: 'text', parse: (value) => value };

/** The characters of a bearer token: visible ASCII, no spaces. */
export const secret: Parser<string> = {
  expected: 'visible ASCII characters without spaces',
  parse: (value) => (/^[\x21-\x7e]+$/.test(value) ? value : undefined),
};

export const yesOrNo: Parser<boolean> = {
  expected: 'true or false',
  parse: (value) => YES_OR_NO.get(value.toLowerCase()),
};

const YES_OR_NO: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
]);

/** Decimal digits only, so that `1e3`, `0x10` and `5s` are mistakes and not numbers. */
export function integer(min: number, max: number): Parser<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    parse(value) {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
      return number >= min && number <= max ? number : undefined;
    },
  };
}

/** Per million tokens, in any currency. */
export const price: Parser<number> = {
  expected: 'a price per million tokens, such as 2.50',
  parse: (value) => (/^\d{1,9}(\.\d{1,9})?$/.test(value) ? Number(value) : undefined),
};

/** 0 to 1. */
export const share: Parser<number> = {
  expected: 'a number from 0 to 1',
  parse: (value) => (/^(0|1|0?\.\d{1,9}|1\.0{1,9})$/.test(value) ? Number(value) : undefined),
};

/** `name=value,name=value`, values URL-encoded, as OpenTelemetry writes them. */
const pairs = (namePattern: RegExp, expected: string): Parser<Readonly<Record<string, string>>> => ({
  expected,
  parse(value) {
    const read: Record<string, string> = {};
    for (const part of value.split(',').filter((text) => text.trim() !== '')) {
      const [, name = '', text] = /^\s*([^=\s]+)\s*=(.*)$/.exec(part) ?? [];
      const decoded = text === undefined ? undefined : decodedOf(text.trim());
      if (decoded === undefined || !namePattern.test(name)) return undefined;
      read[name] = decoded;
    }
    return read;
  },
});

function decodedOf(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const PAIRS = 'name=value,name=value with URL-encoded values';
export const headerPairs = pairs(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, PAIRS);
export const resourcePairs = pairs(/^[A-Za-z0-9_.-]{1,128}$/, PAIRS);

export const port = integer(1, 65_535);

export const milliseconds = integer(100, 3_600_000);

export function oneOf<const T extends string>(...words: readonly T[]): Parser<T> {
  return { expected: `one of ${words.join(', ')}`, parse: (value) => words.find((word) => word === value) };
}

export function matching(pattern: RegExp, expected: string): Parser<string> {
  return { expected, parse: (value) => (pattern.test(value) ? value : undefined) };
}

/** The name of a tool, or the beginning of names followed by a star. */
export const toolPattern = matching(/^[a-zA-Z0-9_-]{1,64}\*?$/, 'a tool name, or the beginning of tool names and *');
/** A regular expression as JavaScript has it, without slashes and flags. */
export const pattern: Parser<RegExp> = {
  expected: 'a regular expression',
  parse(value) {
    try {
      return new RegExp(value, 'u');
    } catch {
      return undefined;
    }
  },
};

/** Comma-separated items; empty ones are dropped, so that a trailing comma does no harm. */
export function listOf<T>(item: Parser<T>): Parser<readonly T[]> {
  return {
    expected: `a comma-separated list, each ${item.expected}`,
    list: true,
    parse(value) {
      const items = splitList(value).map((part) => item.parse(part));
      return items.every((part) => part !== undefined) ? items : undefined;
    },
  };
}

/** An absolute URL with one of the protocols (`http:`). Returned without a slash at its end. */
export function url(protocols: readonly string[], credentials: 'allowed' | 'refused' = 'refused'): Parser<string> {
  const schemes = protocols.map((protocol) => `${protocol}//`).join(' or ');
  return {
    expected: `a URL that begins with ${schemes}${credentials === 'refused' ? ', without user and password' : ''}`,
    parse(value) {
      const parsed = URL.canParse(value) ? new URL(value) : undefined;
      if (!parsed || !protocols.includes(parsed.protocol)) return undefined;
      if (credentials === 'refused' && (parsed.username || parsed.password)) return undefined;
      return value.replace(/\/+$/, '');
    },
  };
}

/** A database server's URL. Drivers decode its parts later, when it would be unclear which setting is wrong. */
export function serverUrl(protocols: readonly string[], path: Parser<string>): Parser<string> {
  const base = url(protocols, 'allowed');
  return {
    expected: `${base.expected}, whose path is ${path.expected}; a % in user, password and path is written %25`,
    parse(value) {
      const parsed = base.parse(value) === undefined ? undefined : new URL(value);
      if (!parsed) return undefined;
      const [user, password, name] = [parsed.username, parsed.password, parsed.pathname.replace(/^\/+|\/+$/g, '')].map(
        decoded,
      );
      if (user === undefined || password === undefined || name === undefined) return undefined;
      return path.parse(name) === undefined ? undefined : base.parse(value);
    },
  };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

export const httpUrl = url(['http:', 'https:']);

/** `https://chat.example.com`, exactly as a browser sends it, or `*`. */
export const origin: Parser<string> = {
  expected: 'an origin as a browser sends it (https://chat.example.com, no path) or *',
  parse(value) {
    if (value === '*') return value;
    return httpUrl.parse(value) !== undefined && new URL(value).origin === value ? value : undefined;
  },
};

/** A name or address to listen on; brackets around an IPv6 address are removed. */
export const host: Parser<string> = {
  expected: 'an IP address or a host name',
  parse(value) {
    const bare = value.replace(/^\[(.*)\]$/, '$1');
    return ipaddr.isValid(bare) || HOST_NAME.test(bare) ? bare : undefined;
  },
};

export const hostOrBlock: Parser<string> = {
  expected: 'a host name, an IP address or a CIDR block (10.0.0.0/8)',
  parse(value) {
    if (ipaddr.isValidCIDR(value)) return value;
    const bare = host.parse(value);
    if (bare === undefined || ipaddr.IPv4.isValidFourPartDecimal(bare) || ipaddr.IPv6.isValid(bare)) return bare;
    return NUMBER_AT_ITS_END.test(bare) ? undefined : bare;
  },
};

/**
 * 300.0.0.1 and 10.0.0 are mistyped addresses, not names; libs/guarded-fetch refuses both (a test compares the two).
 */
const NUMBER_AT_ITS_END = /(?:^|\.)\d+\.?$/;

const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*\.?$/;

export function splitList(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
