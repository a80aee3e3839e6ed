import { redactSecrets } from '#libs/contract';

const MESSAGE_CHARS_MAX = 500;
const FRAMES_MAX = 12;
const CAUSES_MAX = 3;

/** The parts of an error that a log line keeps. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  /** Only the frames; the message is a separate field. */
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/**
 * An error in a form that may be logged: name, message, code, frames, causes, and nothing else. Drivers attach the work
 * in progress to their errors (ioredis a command with its arguments, pg the row, fetch the request), and that is what
 * users wrote to the model.
 */
export function loggedError(cause: unknown, depth = 0): LoggedError {
  if (!(cause instanceof Error)) return { type: typeof cause, message: 'something that is no Error was thrown' };
  const { code } = cause as { code?: unknown };
  const frames = framesOf(cause.stack);
  return {
    type: cause.name,
    message: messageOf(cause, typeof code === 'string' ? code : ''),
    ...((typeof code === 'string' || typeof code === 'number') && { code: String(code) }),
    ...(frames !== '' && { stack: frames }),
    ...(cause.cause !== undefined && depth < CAUSES_MAX && { cause: loggedError(cause.cause, depth + 1) }),
  };
}

/** One line without secrets and control characters. */
export function cleanLine(text: string): string {
  // The text is cut first, with a margin, so that a huge one costs nothing and no secret is cut in two.
  const clean = redactSecrets(text.slice(0, MESSAGE_CHARS_MAX * 4)).replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return clean.length > MESSAGE_CHARS_MAX ? `${clean.slice(0, MESSAGE_CHARS_MAX - 1)}…` : clean;
}

function messageOf({ name, message }: Error, code: string): string {
  // JSON.parse quotes the text that it could not read.
  if (name === 'SyntaxError') return 'not well-formed';
  // Postgres also quotes data that it cannot hold (class 22).
  return cleanLine(/^22...$/.test(code) ? message.replace(/"[^"]*"/g, '"…"') : message);
}

function framesOf(stack: string | undefined): string {
  const frames = (stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  return frames.slice(0, FRAMES_MAX).join('\n');
}
