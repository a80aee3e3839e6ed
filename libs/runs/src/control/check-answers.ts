import {
  GatewayError,
  isJsonObject,
  LIMITS,
  type JsonObject,
  type JsonValue,
  type Question,
  type ToolQuestions,
} from '#libs/contract';

/**
 * The answers to the questions of a request, by question id, checked against their schemas. When there is only one
 * question, its answer may stand alone, and so may the value of its only property. Throws GatewayError
 * `invalid_request` that names the place: `answers.who.name`.
 */
export function readAnswers({ questions }: ToolQuestions, given: JsonValue | undefined): JsonObject {
  if (given === undefined) throw refuse('answers', 'is required: this request has questions.');
  if (JSON.stringify(given).length > LIMITS.answersCharsMax) {
    throw refuse('answers', `must have at most ${LIMITS.answersCharsMax} characters as JSON.`);
  }
  const [only, ...others] = questions;
  const isById = isJsonObject(given) && questions.some(({ id }) => id in given);
  const byId = only && others.length === 0 && !isById ? { [only.id]: given } : given;
  if (!isJsonObject(byId)) throw refuse('answers', `must be an object with ${idsOf(questions)}.`);
  for (const id of Object.keys(byId)) {
    if (!questions.some((question) => question.id === id)) {
      throw refuse(`answers.${id}`, `answers no question; the questions are ${idsOf(questions)}.`);
    }
  }
  return Object.fromEntries(questions.map((question) => [question.id, readAnswer(question, byId[question.id])]));
}

const idsOf = (questions: readonly Question[]): string => questions.map(({ id }) => id).join(', ');

function readAnswer({ id, schema }: Question, given: JsonValue | undefined): JsonObject {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const [name, ...others] = Object.keys(properties);
  const path = `answers.${id}`;
  const value =
    given !== undefined && !isJsonObject(given) && name !== undefined && others.length === 0
      ? { [name]: given }
      : given;
  if (!isJsonObject(value)) throw refuse(path, 'must be an object.');
  for (const required of listOf(schema['required'])) {
    if (typeof required === 'string' && value[required] === undefined)
      throw refuse(`${path}.${required}`, 'is required.');
  }
  for (const [key, entry] of Object.entries(value)) {
    const rule = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (!isJsonObject(rule))
      throw refuse(`${path}.${key}`, `is not asked for; asked for are ${Object.keys(properties).join(', ')}.`);
    const problem = problemOf(rule, entry ?? null);
    if (problem) throw refuse(`${path}.${key}`, problem);
  }
  return value;
}

/** The fault of one value. The schemas of questions are flat (MCP elicitation, requestedSchema). */
function problemOf(rule: JsonObject, value: JsonValue): string | undefined {
  const { type } = rule;
  if (type === 'boolean') return typeof value === 'boolean' ? undefined : 'must be true or false.';
  if (type === 'integer' || type === 'number') return numberProblem(rule, value);
  if (type === 'array') return listProblem(rule, value);
  if (type === 'string' && typeof value !== 'string') return 'must be a text.';
  const choices = choicesOf(rule);
  if (choices.length > 0 && !choices.includes(value)) return `must be one of ${choices.join(', ')}.`;
  return typeof value === 'string'
    ? lengthProblem(rule, value.length, 'characters', ['minLength', 'maxLength'])
    : undefined;
}

function numberProblem(rule: JsonObject, value: JsonValue): string | undefined {
  const isWhole = rule['type'] === 'integer';
  if (typeof value !== 'number' || (isWhole && !Number.isInteger(value))) {
    return isWhole ? 'must be a whole number.' : 'must be a number.';
  }
  const { minimum, maximum } = rule;
  if (typeof minimum === 'number' && value < minimum) return `must be at least ${minimum}.`;
  return typeof maximum === 'number' && value > maximum ? `must be at most ${maximum}.` : undefined;
}

function listProblem(rule: JsonObject, value: JsonValue): string | undefined {
  if (!Array.isArray(value)) return 'must be a list.';
  const choices = isJsonObject(rule['items']) ? choicesOf(rule['items']) : [];
  if (choices.length > 0 && !value.every((entry) => choices.includes(entry as JsonValue))) {
    return `must have entries of ${choices.join(', ')}.`;
  }
  return lengthProblem(rule, value.length, 'entries', ['minItems', 'maxItems']);
}

function lengthProblem(
  rule: JsonObject,
  length: number,
  what: string,
  [least, most]: readonly [string, string],
): string | undefined {
  const [min, max] = [rule[least], rule[most]];
  if (typeof min === 'number' && length < min) return `must have at least ${min} ${what}.`;
  return typeof max === 'number' && length > max ? `must have at most ${max} ${what}.` : undefined;
}

function choicesOf(rule: JsonObject): readonly JsonValue[] {
  const titled = [...listOf(rule['oneOf']), ...listOf(rule['anyOf'])];
  const consts = titled.flatMap((entry) =>
    isJsonObject(entry) && entry['const'] !== undefined ? [entry['const']] : [],
  );
  return [...listOf(rule['enum']), ...consts];
}

const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

function refuse(param: string, what: string): GatewayError {
  return new GatewayError('invalid_request', `'${param}' ${what}`, { param });
}
