import { ERRORS, GatewayError, type RunError, toRunError } from '#libs/contract';
import { sqlFault } from '#libs/store';
import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): unknown;
}

/** Answers every error of these routes as `{"error":{message,type,param,code}}`. An unreachable database is 503. */
@Catch()
export class StoreErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('internal-reads');

  catch(cause: unknown, host: ArgumentsHost): void {
    const error = this.toError(cause);
    const { status, type } = ERRORS[error.code];
    const reply = host.switchToHttp().getResponse<Reply>().status(status);
    if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
    reply.send({ error: { message: error.message, type, param: error.param ?? null, code: error.code } });
  }

  private toError(cause: unknown): RunError {
    if (cause instanceof GatewayError) return toRunError(cause);
    this.logger.warn(cause);
    if (sqlFault(cause) !== 'away') return toRunError(cause);
    return { code: 'unavailable', message: 'The database of the store does not answer.', retryAfterSeconds: 2 };
  }
}
