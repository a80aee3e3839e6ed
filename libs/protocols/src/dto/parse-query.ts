import { GatewayError } from '#libs/contract';
import { fragmentOf, type DtoClass } from './dto-schema.js';
import { codeOfField, fieldsOf, parseDto } from './parse-dto.js';

const DIGITS = /^\d{1,15}$/;
const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/**
 * Makes a DTO from the parameters of a query string. Every parameter occurs once or not at all. Numbers and flags are
 * read from their text: `true`, `1`, `false` and `0`, in any case. Any other text is refused: a mistyped flag that
 * counted as false would answer another question.
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

/** Text that is no number or no flag stays text, and the rule of the field refuses it. */
function valueOf(text: string, type: unknown): string | number | boolean {
  if (type === 'integer') return DIGITS.test(text) ? Number(text) : text;
  return type === 'boolean' ? (FLAGS.get(text.toLowerCase()) ?? text) : text;
}
