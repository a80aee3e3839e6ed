/** What is wrong with one setting. `where` is a variable or a path in the file, never a value. */
export interface Problem {
  readonly where: string;
  /** The value as it may be shown; absent for secrets and for what is missing. */
  readonly shown?: string;
  readonly expected: string;
}

/** Thrown once, with everything that is wrong. The message is meant for a terminal: one line per problem. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${line(problem)}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Collects problems, so that an operator can mend them all before the next start. */
export class Problems {
  private readonly list: Problem[] = [];

  add(where: string, expected: string, value?: string): void {
    this.list.push({ where, expected, ...(value !== undefined && { shown: shown(value) }) });
  }

  /** Throws ConfigError when anything was added. */
  throwIfAny(): void {
    if (this.list.length > 0) throw new ConfigError(this.list);
  }
}

const SHOWN_CHARS_MAX = 80;

function line({ where, shown: value, expected }: Problem): string {
  return value === undefined ? `${where}: ${expected}` : `${where} is ${value}; expected ${expected}`;
}

/** Quoted, cut, control characters escaped, and without the user and password of a URL. */
function shown(value: string): string {
  const text = JSON.stringify(value.replace(/\/\/\S*@/g, '//***@'));
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}..."` : text;
}
