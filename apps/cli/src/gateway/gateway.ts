import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Address } from './address.js';
import { CliError, EXIT, type ApiError, type ExitCode } from './cli-error.js';

/** An answer takes a database at most; streams have no such bound. */
const ANSWER_MS_MAX = 30_000;
const ERROR_CHARS_MAX = 2_000;

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface GatewayEvent {
  readonly id: string | undefined;
  readonly data: string;
}

/** The running gateway. Every method throws CliError: what the gateway said, or that nobody answers. */
export class Gateway {
  constructor(private readonly address: Address) {}

  get origin(): string {
    return this.address.origin;
  }

  async get<T>(path: string, query: Query = {}): Promise<T> {
    return (await this.ask('GET', path, { query })) as T;
  }

  async send<T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T> {
    return (await this.ask(method, path, body === undefined ? {} : { body })) as T;
  }

  /** Server-sent events until the stream ends or breaks; a broken one ends in CliError with EXIT.unreachable. */
  async *events(path: string, lastEventId?: string): AsyncGenerator<GatewayEvent> {
    const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) };
    const response = await this.request(path, { headers });
    if (!response.ok || response.body === null) throw await refusal(response);
    const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    try {
      for await (const { id, data } of events) yield { id, data };
    } catch (cause) {
      throw new CliError(`The stream from ${this.origin} broke off (${reasonOf(cause)}).`, EXIT.unreachable);
    }
  }

  private async ask(method: string, path: string, given: { query?: Query; body?: object }): Promise<unknown> {
    const pairs = Object.entries(given.query ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as const],
    );
    const query = pairs.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(pairs)).toString()}`;
    const response = await this.request(`${path}${query}`, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      ...(given.body && { body: JSON.stringify(given.body), headers: { 'content-type': 'application/json' } }),
    });
    if (!response.ok) throw await refusal(response);
    const text = await response.text().catch((cause: unknown) => {
      throw new CliError(`The answer from ${this.origin} broke off (${reasonOf(cause)}).`, EXIT.unreachable);
    });
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new CliError(`What answers at ${this.origin} is no Talaria: ${path} gave no JSON.`, EXIT.unreachable);
    }
  }

  private async request(path: string, init: RequestInit): Promise<Response> {
    const { origin, key } = this.address;
    const headers = new Headers(init.headers);
    // What `Headers` says of a value that it refuses has the value in it.
    if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
      throw new CliError('TALARIA_KEY is no API key: one has visible ASCII characters alone.', EXIT.key);
    }
    if (key !== undefined) headers.set('authorization', `Bearer ${key}`);
    try {
      return await fetch(`${origin}${path}`, { ...init, headers });
    } catch (cause) {
      const hint = 'Is it running (npm start), and is TALARIA_URL right?';
      throw new CliError(`No gateway answers at ${origin} (${reasonOf(cause)}). ${hint}`, EXIT.unreachable);
    }
  }
}

async function refusal(response: Response): Promise<CliError> {
  const text = await response.text().catch(() => '');
  const api = errorObject(text);
  const message = api?.message ?? `The gateway answered ${response.status}: ${text.slice(0, ERROR_CHARS_MAX)}`;
  const where = api?.param ? ` (${api.param})` : '';
  const exitCode: ExitCode = response.status === 401 || response.status === 403 ? EXIT.key : EXIT.failed;
  const hint = response.status === 401 ? ' Set TALARIA_KEY or API_SERVER_KEY.' : '';
  return new CliError(`${message}${where}${hint}`, exitCode, api);
}

function errorObject(text: string): ApiError | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: ApiError };
    return typeof error?.message === 'string' ? error : undefined;
  } catch {
    return undefined; // a proxy in front, or no gateway at all
  }
}

/** ECONNREFUSED and its like stand in the cause of what fetch throws. */
function reasonOf(cause: unknown): string {
  const inner = (cause as { cause?: { code?: string; message?: string } }).cause;
  return inner?.code ?? inner?.message ?? (cause as Error).name;
}
