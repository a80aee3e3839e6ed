import type { LoggerService } from '@nestjs/common';
import { pino, stdSerializers, type Logger } from 'pino';

export type { Logger };

/** Never in a log line, wherever it stands one or two levels deep. */
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
    serializers: { err: stdSerializers.errWithCause, error: stdSerializers.errWithCause },
    ...(pretty && {
      transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname,service', translateTime: 'HH:MM:ss.l' } },
    }),
  });
}

/** Nest's own messages through our logger; its start-up chatter only at debug level. */
export function nestLogger(logger: Logger): LoggerService {
  const context = (rest: readonly unknown[]): object => ({ context: rest.at(-1) });
  return {
    log: (message: unknown, ...rest: unknown[]) => logger.debug(context(rest), String(message)),
    debug: (message: unknown, ...rest: unknown[]) => logger.trace(context(rest), String(message)),
    verbose: (message: unknown, ...rest: unknown[]) => logger.trace(context(rest), String(message)),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn(context(rest), String(message)),
    error: (message: unknown, ...rest: unknown[]) => logger.error(context(rest), String(message)),
    fatal: (message: unknown, ...rest: unknown[]) => logger.fatal(context(rest), String(message)),
  };
}
