import { isSessionId, LIMITS, SESSION_ID_RULE, type JsonObject } from '#libs/contract';
import { HasElementsUpTo, IsList, IsObject, IsText, Required, Rule } from '../dto-rules.js';

const ID_CHARS_MAX = 256;

const isInput = (value: unknown): boolean => typeof value === 'string' || Array.isArray(value);

/** The body of POST /v1/runs (that of Hermes' runs API). What lies inside of the lists is judged by `decodeRun`. */
export class RunsRequestDto {
  /** Absent: the default model. */
  @IsText(LIMITS.modelNameCharsMax)
  model?: string;

  @Required()
  @Rule(isInput, 'must be a string or an array.')
  @HasElementsUpTo(LIMITS.messagesMax)
  input: string | readonly unknown[];

  @Rule((value) => typeof value === 'string', 'must be a string.')
  instructions?: string;

  @IsList()
  @HasElementsUpTo(LIMITS.messagesMax)
  conversation_history?: readonly unknown[];

  /** Of a response or of a run. */
  @IsText(ID_CHARS_MAX)
  previous_response_id?: string;

  @Rule((value) => typeof value === 'string' && isSessionId(value), `must be ${SESSION_ID_RULE}.`)
  session_id?: string;

  @IsList()
  @HasElementsUpTo(LIMITS.toolsMax)
  tools?: readonly unknown[];

  @IsObject()
  metadata?: JsonObject;
}
