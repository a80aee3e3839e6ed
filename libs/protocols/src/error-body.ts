import { ERRORS, type JsonObject, type RunError } from '#libs/contract';

/** The OpenAI error envelope. Always with all four keys (OpenAI API reference, Errors). */
export function errorBody({ code, message, param }: RunError): JsonObject {
  return { error: { message, type: ERRORS[code].type, param: param ?? null, code } };
}
