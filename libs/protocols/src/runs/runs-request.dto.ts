import { isSessionId, LIMITS, SESSION_ID_RULE, type JsonObject } from '#libs/contract';
import {
  HasElementsUpTo,
  IsList,
  IsNumberBetween,
  IsObject,
  IsString,
  IsText,
  IsTextOrList,
  Required,
  Rule,
} from '../dto/dto-rules.js';
import { Described, Example } from '../dto/dto-schema.js';
import { METADATA, oneOf, text } from '../dto/fragments.js';

const ID_CHARS_MAX = 256;
const MESSAGE = oneOf({ type: 'string' }, { type: 'object' });
const isSession = (value: unknown): boolean => typeof value === 'string' && isSessionId(value);

/** The body of POST /v1/runs (as in Hermes' runs API). `decode` checks the contents of the lists. */
@Example({ input: 'What time is it in Lima?', session_id: 'lima-1' })
export class RunsRequestDto {
  @IsText(LIMITS.modelNameCharsMax)
  @Described('Absent: the default model.')
  model?: string;

  @Required()
  @IsTextOrList({ items: MESSAGE, minItems: 1, maxItems: LIMITS.messagesMax }, { text: text('What the user says.') })
  input: string | readonly unknown[];

  @IsString()
  @Described('Layered below the core system prompt.')
  instructions?: string;

  @IsList(MESSAGE)
  @HasElementsUpTo(LIMITS.messagesMax)
  @Described('Messages that come before the input.')
  conversation_history?: readonly unknown[];

  @IsText(ID_CHARS_MAX)
  @Described('A response or a run that this one continues.')
  previous_response_id?: string;

  @Rule(isSession, `must be ${SESSION_ID_RULE}.`, 'invalid_request', text('The session that this run is a turn of.'))
  session_id?: string;

  @IsList({ type: 'object' })
  @HasElementsUpTo(LIMITS.toolsMax)
  @Described('Functions of the caller.')
  tools?: readonly unknown[];

  @IsNumberBetween(0, LIMITS.maxCostMax)
  @Described('Most that this run may cost, in the currency of the prices.')
  max_cost?: number;

  @IsNumberBetween(0, LIMITS.maxCostMax)
  @Described('Most that all runs of the session together may cost.')
  session_max_cost?: number;

  @IsObject(METADATA)
  metadata?: JsonObject;
}
