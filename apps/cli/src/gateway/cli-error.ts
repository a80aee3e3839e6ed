/** What a shell learns from the exit code. docs/cli.md repeats the list. */
export const EXIT = {
  done: 0,
  /** The gateway refused, or what was looked at has failed. */
  failed: 1,
  /** The command was not understood. */
  usage: 2,
  /** No gateway answers at the address. */
  unreachable: 3,
  /** The key is missing, wrong, or not allowed to do this. */
  key: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The error object of the API: `error` of a refused request. */
export type ApiError = {
  readonly message: string;
  readonly type?: string;
  readonly code?: string;
  readonly param?: string | null;
};

/** The `code` of what this program refuses itself, by exit code; that of a key is the API's. */
const OWN_CODES: Readonly<Record<ExitCode, string>> = {
  [EXIT.done]: 'done',
  [EXIT.failed]: 'failed',
  [EXIT.usage]: 'usage_error',
  [EXIT.unreachable]: 'unreachable',
  [EXIT.key]: 'invalid_api_key',
};

/** An error of this program in the shape of the API's: every error has `message`, `code` and `param`. */
export const ownError = (message: string, exitCode: ExitCode): ApiError => ({
  message,
  type: 'cli_error',
  param: null,
  code: OWN_CODES[exitCode],
});

/** Why a command could not do what it was asked for, in words for a terminal; `api` is what the gateway said. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode,
    readonly api?: ApiError,
  ) {
    super(message);
    this.name = 'CliError';
  }
}
