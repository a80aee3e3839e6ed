import { GatewayError } from '#libs/contract';
import { fragmentOf, type DtoClass } from './dto-schema.js';
import { codeOfField, fieldsOf, parseDto } from './parse-dto.js';

const DIGITS = /^\d{1,15}$/;

/**
 * Makes a DTO from the parameters of a query string. Every parameter occurs once or not at all. Numbers and flags are
 * read from their text: `true` and `1`, in any case, set a flag, and no other text does.
 *
 * Throws GatewayError (400) like `parseDto`, with the parameter as `param`.
 */
export function parseQuery<Dto extends object>(cls: DtoClass<Dto>, query: unknown): Dto {
  const given = query as Readonly<Record<string, unknown>>;
  const read: Record<string, string | number | boolean> = {};
  for (const field of fieldsOf(cls)) {
    const value = Object.hasOwn(given, field) ? given[field] : undefined;
    if (value === undefined) continue;
    if (typeof value !== 'string')
      throw new GatewayError(codeOfField(cls, field), `'${field}' must be given once.`, { param: field });
    read[field] = valueOf(value, fragmentOf(cls, field)?.['type']);
  }
  return parseDto(cls, read);
}

/** Text that is not a number stays text, and the rule of the field refuses it. */
function valueOf(text: string, type: unknown): string | number | boolean {
  if (type === 'integer') return DIGITS.test(text) ? Number(text) : text;
  return type === 'boolean' ? /^(true|1)$/i.test(text) : text;
}
