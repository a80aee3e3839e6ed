import { GatewayError, isJsonObject, STORE_CALLS, type PortCall, type StorePorts } from '#libs/contract';
import { All, Body, Controller, HttpCode, Inject, Param, Post, UseFilters, UseGuards } from '@nestjs/common';
import { StoreErrorFilter } from './store-error.filter.js';
import { TokenGuard } from './token.guard.js';

export const STORE_PORTS = Symbol('STORE_PORTS');

/**
 * The ports of the store for the other services, over the wire that STORE_CALLS describes. The callers decide who may
 * see what: the API asks in the name of one owner.
 */
@Controller('internal')
@UseGuards(TokenGuard)
@UseFilters(StoreErrorFilter)
export class InternalStoreController {
  constructor(@Inject(STORE_PORTS) private readonly ports: StorePorts) {}

  @Post(':port/:method')
  @HttpCode(200)
  async call(
    @Param('port') port: string,
    @Param('method') method: string,
    @Body() body: unknown,
  ): Promise<{ readonly result: unknown }> {
    const call = callOf(port, method);
    const args = argumentsIn(body);
    checkArguments(call, args);
    const result = await methodOf(this.ports, port, method)(...args);
    if (call.finds && result === undefined) throw new GatewayError('not_found', 'There is no such thing here.');
    return { result: result ?? null };
  }

  /**
   * Unknown routes, for services of another version: "not found" would tell them that a run or a session does not
   * exist.
   */
  @All('*')
  unknown(): never {
    throw anotherVersion();
  }
}

function callOf(port: string, method: string): PortCall {
  const calls: Readonly<Record<string, Readonly<Record<string, PortCall>>>> = STORE_CALLS;
  const ofPort = Object.hasOwn(calls, port) ? calls[port] : undefined;
  const call = ofPort && Object.hasOwn(ofPort, method) ? ofPort[method] : undefined;
  if (!call) throw anotherVersion();
  return call;
}

/** JSON has no undefined, so an optional argument that is omitted in the middle is null. */
function argumentsIn(body: unknown): readonly unknown[] {
  if (isJsonObject(body)) return [body];
  return Array.isArray(body) ? body.map((arg: unknown) => arg ?? undefined) : [];
}

function checkArguments({ args }: PortCall, given: readonly unknown[]): void {
  for (const [i, [name, shape]] of Object.entries(args).entries()) {
    const param = shape(given[i], name);
    if (param !== undefined) throw new GatewayError('invalid_request', `${param} is missing or malformed.`, { param });
  }
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;

function methodOf(ports: StorePorts, port: string, method: string): Method {
  const implementation = ports[port as keyof StorePorts] as unknown as Readonly<Record<string, Method>>;
  const found = implementation[method];
  if (!found) throw new Error(`the port ${port} has no method ${method}`);
  return found.bind(implementation);
}

const anotherVersion = (): GatewayError =>
  new GatewayError('unavailable', 'The store does not know this call: it is of another version.', {
    retryAfterSeconds: 2,
  });
