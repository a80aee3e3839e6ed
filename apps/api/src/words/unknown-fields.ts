import { GatewayError, type JsonObject } from '#libs/contract';
import { fieldsOf, otherFields, type DtoClass } from '#libs/protocols';

/** Names that are told in warnings; of more only their number. */
const NAMES_MAX = 16;
const NAME_CHARS_MAX = 64;

/**
 * What an own route says of fields that it does not read: one sentence for each, for `warnings` in its answer. A field
 * that was meant for something and is passed over in silence is a mistake that shows days later.
 */
export function ignoredFields(cls: DtoClass, body: JsonObject): string[] {
  return told(Object.keys(otherFields(cls, body)), (name) => guess(cls, name));
}

/**
 * Refuses fields that a class does not have, but for those in `ignored`, which are known to mean nothing here: the
 * result says so of each. Throws GatewayError `invalid_request` that names the first.
 */
export function refuseUnknown(cls: DtoClass, body: JsonObject, ignored: ReadonlySet<string>): string[] {
  const others = Object.keys(otherFields(cls, body));
  const unknown = others.find((name) => !ignored.has(name));
  if (unknown === undefined) return told(others, () => '.');
  const param = unknown.slice(0, NAME_CHARS_MAX);
  const what = `${shown(unknown)} is not a field of this request${guess(cls, unknown)}`;
  throw new GatewayError('invalid_request', what, { param });
}

function told(names: readonly string[], ending: (name: string) => string): string[] {
  const some = names.slice(0, NAMES_MAX);
  const sentences = some.map((name) => `${shown(name)} is not read here and was ignored${ending(name)}`);
  const left = names.length - some.length;
  return left > 0 ? [...sentences, `${left} more fields were ignored.`] : sentences;
}

const shown = (name: string): string => `'${name.slice(0, NAME_CHARS_MAX)}'`;

/** The end of the sentence: the shortest known name that the unknown one abbreviates (`tz`), spells out or mistypes. */
function guess(cls: DtoClass, name: string): string {
  const word = name.slice(0, NAME_CHARS_MAX).toLowerCase();
  const near = fieldsOf(cls).filter(
    (known) => isWithin(word, known) || isWithin(known, word) || lettersOf(word) === lettersOf(known),
  );
  const [best] = near.sort((a, b) => a.length - b.length);
  return best === undefined || word.length < 2 ? '.' : `; did you mean '${best}'?`;
}

/** Whether the letters of `short` stand in `long` in the same order, beginning with the same letter. */
function isWithin(short: string, long: string): boolean {
  if (short[0] !== long[0]) return false;
  let at = 0;
  for (const letter of long) if (letter === short[at]) at++;
  return at === short.length;
}

const lettersOf = (word: string): string => [...word].sort().join('');
