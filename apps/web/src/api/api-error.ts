/** A refusal of the API, or the reason why it could not be asked (`status` 0, `code` `network`). */
export class ApiError extends Error {
  readonly retryAfterSeconds: number | undefined;
  /** The part of the request that is at fault. */
  readonly param: string | undefined;

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    details: { readonly retryAfterSeconds?: number; readonly param?: string } = {},
  ) {
    super(message);
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.param = details.param;
  }

  /** Asking again may help: the server is busy, restarting, or not reached. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 502 || this.status === 503;
  }
}

/** The error that an answer carries, whatever stands between the API and this page. */
export async function errorOf(answer: Response): Promise<ApiError> {
  const text = await answer.text().catch(() => '');
  const { code, message, param } = readError(text);
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return new ApiError(
    answer.status,
    code ?? `http_${answer.status}`,
    message ?? `The server answered ${answer.status} ${answer.statusText}.`,
    { ...(Number.isFinite(seconds) && { retryAfterSeconds: seconds }), ...(param !== undefined && { param }) },
  );
}

function readError(text: string): { readonly code?: string; readonly message?: string; readonly param?: string } {
  try {
    const { error } = JSON.parse(text) as { error?: Record<string, unknown> };
    return {
      ...textOf('code', error),
      ...textOf('message', error),
      ...textOf('param', error),
    };
  } catch {
    return {};
  }
}

function textOf<N extends string>(name: N, fields: Record<string, unknown> | undefined): Partial<Record<N, string>> {
  const value = fields?.[name];
  return typeof value === 'string' ? ({ [name]: value } as Partial<Record<N, string>>) : {};
}
