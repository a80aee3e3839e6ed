import { LIMITS, type JsonObject } from '#libs/contract';

const text = (description: string): JsonObject => ({ type: 'string', description });
const messages = {
  type: 'array',
  items: { oneOf: [{ type: 'string' }, { type: 'object' }] },
  maxItems: LIMITS.messagesMax,
};

/** The body of POST /v1/runs for the OpenAPI document; RunsRequestDto and `decode` are what is enforced. */
export const requestSchema: JsonObject = {
  type: 'object',
  required: ['input'],
  properties: {
    model: { type: 'string', maxLength: LIMITS.modelNameCharsMax, description: 'Absent: the default model.' },
    input: { oneOf: [text('What the user says.'), { ...messages, minItems: 1 }] },
    instructions: text('Layered below the core system prompt.'),
    conversation_history: { ...messages, description: 'Messages that come before the input.' },
    previous_response_id: text('A response or a run that this one continues.'),
    session_id: text('The session that this run is a turn of.'),
    tools: {
      type: 'array',
      items: { type: 'object' },
      maxItems: LIMITS.toolsMax,
      description: 'Functions of the caller.',
    },
    metadata: {
      type: 'object',
      additionalProperties: { type: 'string', maxLength: LIMITS.metadataValueCharsMax },
      maxProperties: LIMITS.metadataPairsMax,
    },
  },
  example: { input: 'What time is it in Lima?', session_id: 'lima-1' },
};

/** The body of POST /v1/runs/{id}/approval. */
export const approvalSchema: JsonObject = {
  type: 'object',
  required: ['choice'],
  properties: {
    choice: { enum: ['once', 'session', 'always', 'deny'] },
    request_id: text('As the request named itself; without it and all, the only open request is meant.'),
    all: { type: 'boolean', description: 'Answers every open request of this run.' },
  },
  example: { choice: 'once', request_id: 'apr_0123456789abcdef01234567' },
};

/** The body of POST /v1/runs/{id}/steer. */
export const steerSchema: JsonObject = {
  type: 'object',
  properties: { text: { type: 'string', maxLength: LIMITS.steerCharsMax } },
  required: ['text'],
  example: { text: 'Use the second source instead.' },
};
