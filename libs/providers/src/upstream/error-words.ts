import { isJsonObject, type JsonObject } from '#libs/contract';

/** What an error says, in the words of OpenAI's error object. */
export interface Words {
  readonly code?: string;
  readonly type?: string;
  /** Path of the field that caused the error. */
  readonly param?: string;
  readonly message?: string;
  /** Seconds to wait, where the error has a field for them. */
  readonly waitSeconds?: number;
}

/** Errors may be nested in errors; they are searched to this depth. */
const DEPTH_MAX = 4;

/** Members that hold the error itself in one of the shapes that servers use. */
const INNER = ['error', 'errors', 'detail', 'message', 'detail_message'] as const;
const TEXTS = ['message', 'msg', 'error_message', 'error_description', 'detail', 'title'] as const;

/**
 * Reads the body of an error, whatever its shape: OpenAI's and Anthropic's `{error: {message}}`, a list of these
 * (Gemini), `{error: "text"}` (Ollama), the bare error (Mistral, older vLLM), FastAPI's `{detail: "text"}` and
 * `{detail: [{loc, msg, type}]}`, `{message}` and `{errors: [{message}]}`, or text that is not JSON. A web page yields
 * nothing.
 */
export function wordsOf(body: unknown, depth = 0): Words {
  if (typeof body === 'string') return wordsOfText(body, depth);
  if (Array.isArray(body)) return depth < DEPTH_MAX ? wordsOf(body[0], depth + 1) : {};
  if (!isJsonObject(body)) return {};
  const own = ownWords(body);
  if (depth >= DEPTH_MAX) return own;
  const inner = INNER.map((name) => body[name]).find((value) => typeof value === 'object' && value !== null);
  if (inner === undefined) {
    const text = own.message ?? (typeof body['error'] === 'string' ? body['error'] : undefined);
    return text === undefined ? own : { ...own, ...wordsOfText(text, depth) };
  }
  return { ...own, ...wordsOf(inner, depth + 1) };
}

/** Some gateways put the JSON of the upstream's error into the text of their own error. */
function wordsOfText(text: string, depth: number): Words {
  const trimmed = text.trim();
  if (/^[{[]/.test(trimmed) && depth < DEPTH_MAX) {
    const inner = parsed(trimmed);
    if (inner !== undefined) return wordsOf(inner, depth + 1);
  }
  return trimmed === '' || trimmed.startsWith('<') ? {} : { message: trimmed };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ownWords(error: JsonObject): Words {
  const message = TEXTS.map((name) => error[name]).find((value) => typeof value === 'string' && value !== '');
  const param = wordOf(error['param']) ?? pathOf(error['loc']);
  // Anthropic's own code is more precise than the type, which only stands for a status.
  const { details } = error;
  const code = wordOf(error['code']) ?? (isJsonObject(details) ? wordOf(details['error_code']) : undefined);
  const type = wordOf(error['type']) ?? wordOf(error['status']);
  const waitSeconds = waitOf(error);
  return {
    ...(code !== undefined && { code }),
    ...(type !== undefined && { type }),
    ...(param !== undefined && { param }),
    ...(typeof message === 'string' && { message }),
    ...(waitSeconds !== undefined && { waitSeconds }),
  };
}

function wordOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** FastAPI's `["body", "stream_options"]`. */
function pathOf(loc: unknown): string | undefined {
  if (!Array.isArray(loc)) return undefined;
  const path = loc.map(String);
  return (path[0] === 'body' ? path.slice(1) : path).join('.') || undefined;
}

/** Google's RetryInfo in `details`, or a number of seconds. */
function waitOf(error: JsonObject): number | undefined {
  const { details } = error;
  const infos: unknown[] = Array.isArray(details) ? details : [];
  for (const info of infos) {
    const delay = isJsonObject(info) ? info['retryDelay'] : undefined;
    const seconds = typeof delay === 'string' ? Number.parseFloat(delay) : Number.NaN;
    if (seconds >= 0) return seconds;
  }
  const seconds = error['retry_after'];
  return typeof seconds === 'number' && seconds >= 0 ? seconds : undefined;
}
