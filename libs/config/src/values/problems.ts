/** An error in one setting. `where` is a variable or a path in the file, never a value. */
export interface Problem {
  readonly where: string;
  /** The value in a form that may be shown. Absent for secrets and for missing values. */
  readonly shown?: string;
  readonly expected: string;
}

/** Thrown once, with all errors. The message is meant for a terminal: one line per problem. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${line(problem)}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Collects problems, so that an operator can correct all of them before the next start. */
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
