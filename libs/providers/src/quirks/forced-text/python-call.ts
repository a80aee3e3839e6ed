import { LIMITS, type JsonObject, type JsonValue } from '#libs/contract';

/** `name(positional, ..., keyword=value, ...)` with literals only. */
export interface PythonCall {
  /** The part of the name after the last dot. */
  readonly name: string;
  readonly positional: readonly JsonValue[];
  readonly keywords: JsonObject;
}

/** Reads one Python function call, with or without `print()` around it. Undefined for anything else. */
export function readPythonCall(code: string): PythonCall | undefined {
  const text = code.trim();
  const inner = /^print\s*\(([\s\S]*)\)$/.exec(text)?.[1];
  try {
    return new Reader(inner ?? text).call();
  } catch (error) {
    if (error instanceof NotACall) return undefined;
    throw error;
  }
}

class NotACall extends Error {}

const WORDS: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
  ['None', null],
  ['null', null],
]);

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\n', ''],
]);

/** A reader of Python literals. Every method skips white space first; sticky expressions keep it linear. */
class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  call(): PythonCall {
    const path = this.need(/[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*/y);
    const positional: JsonValue[] = [];
    const keywords = new Map<string, JsonValue>();
    this.need(/\(/y);
    this.items(/\)/y, () => {
      const keyword = this.take(/([A-Za-z_]\w*)\s*=(?!=)/y);
      if (keyword !== undefined) keywords.set(keyword.replace(/\s*=$/, ''), this.value());
      else if (keywords.size === 0) positional.push(this.value());
      else throw new NotACall();
    });
    this.take(/;/y);
    if (this.take(/[\s\S]/y) !== undefined) throw new NotACall();
    return { name: path.slice(path.lastIndexOf('.') + 1), positional, keywords: Object.fromEntries(keywords) };
  }

  private value(): JsonValue {
    const word = this.take(/[A-Za-z]+/y);
    if (word !== undefined) {
      const value = WORDS.get(word);
      if (value === undefined) throw new NotACall();
      return value;
    }
    const number = this.take(/[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y);
    if (number !== undefined) return Number(number);
    if (this.take(/\[/y) !== undefined) return this.list();
    if (this.take(/\{/y) !== undefined) return this.dictionary();
    return this.string();
  }

  private list(): JsonValue[] {
    const values: JsonValue[] = [];
    this.items(/\]/y, () => values.push(this.value()));
    return values;
  }

  private dictionary(): JsonObject {
    const entries: [string, JsonValue][] = [];
    this.items(/\}/y, () => {
      const key = this.string();
      this.need(/:/y);
      entries.push([key, this.value()]);
    });
    return Object.fromEntries(entries);
  }

  private items(end: RegExp, item: () => void): void {
    this.depth += 1;
    if (this.depth > LIMITS.jsonDepthMax) throw new NotACall();
    while (this.take(end) === undefined) {
      item();
      if (this.take(/,/y) !== undefined) continue;
      this.need(end);
      break;
    }
    this.depth -= 1;
  }

  private string(): string {
    const long = /"""((?:[^\\"]|\\[\s\S]|"(?!""))*)"""|'''((?:[^\\']|\\[\s\S]|'(?!''))*)'''/y;
    const short = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
    const isLong = this.peek(/"""|'''/y);
    const quoted = this.need(isLong ? long : short);
    const quotes = isLong ? 3 : 1;
    return quoted.slice(quotes, -quotes).replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|([\s\S]))/g, unescape);
  }

  private peek(pattern: RegExp): boolean {
    const before = this.at;
    const found = this.take(pattern) !== undefined;
    this.at = before;
    return found;
  }

  private take(pattern: RegExp): string | undefined {
    while (/\s/.test(this.text.charAt(this.at))) this.at += 1;
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private need(pattern: RegExp): string {
    const found = this.take(pattern);
    if (found === undefined) throw new NotACall();
    return found;
  }
}

function unescape(whole: string, hex?: string, unicode?: string, char?: string): string {
  const code = hex ?? unicode;
  if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
  if (char === undefined) return whole;
  return ESCAPES.get(char) ?? ('\\\'"'.includes(char) ? char : whole);
}
