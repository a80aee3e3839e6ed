import { GatewayError } from '#libs/contract';

type QueryFields = Readonly<Record<string, unknown>>;

/** A parameter of the query that is given once or not at all. Throws GatewayError `invalid_request` that names it. */
export function textParameter(query: QueryFields, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new GatewayError('invalid_request', `'${name}' must be given once.`, { param: name });
}

/** A whole number from 1 to `max`. Throws GatewayError `invalid_request` that names it. */
export function integerParameter(
  query: QueryFields,
  name: string,
  { max, otherwise }: { readonly max: number; readonly otherwise: number },
): number {
  const text = textParameter(query, name);
  if (text === undefined) return otherwise;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new GatewayError('invalid_request', `'${name}' must be an integer between 1 and ${max}.`, { param: name });
}
