import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import { cleanLine, loggedError } from './logged-error.js';

export type { Logger };

/** Never in a log line, at one or two levels of depth. */
const SECRETS = ['authorization', 'apiKey', 'api_key', 'key', 'token', 'password', 'cookie', 'x-api-key'];

/**
 * A structured logger: one JSON object per line on stdout, or readable lines with `pretty`.
 * Log ids, names and counts; never a prompt, an answer or a tool's output.
 */
export function createLogger(settings: { service: string; level: string; pretty: boolean }): Logger {
  const { service, level, pretty } = settings;
  return pino({
    level,
    base: { service, pid: process.pid },
    redact: { paths: SECRETS.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[redacted]' },
    serializers: { err: loggedError, error: (value: unknown) => (value instanceof Error ? loggedError(value) : value) },
    ...(pretty && {
      transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname,service', translateTime: 'HH:MM:ss.l' } },
    }),
  });
}

type Level = 'trace' | 'debug' | 'warn' | 'error' | 'fatal';

/** Nest's own messages through our logger; its start-up chatter only at debug level. */
export function nestLogger(logger: Logger): LoggerService {
  const at =
    (level: Level) =>
    (message: unknown, ...rest: unknown[]): void => {
      // The service says it itself, with the address (`bootstrap`).
      if (level === 'error' && String(message).startsWith('Error: listen ')) return;
      const context = { context: cleanLine(String(rest.at(-1))) };
      if (message instanceof Error) logger[level]({ ...context, err: message }, 'an error of the framework');
      else logger[level](context, cleanLine(String(message)));
    };
  return {
    log: at('debug'),
    debug: at('trace'),
    verbose: at('trace'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
  };
}
