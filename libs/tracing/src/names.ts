/**
 * Names of OpenTelemetry's semantic conventions, all in one place: those for generative AI are still in development and
 * change (semconv 1.37, `gen_ai.*`; `messaging.*`, `http.*`, `error.type` are stable or close to it). Names that begin
 * with `talaria.` are ours.
 */
export const ATTRIBUTES = {
  // Generative AI
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cachedInputTokens: 'gen_ai.usage.cache_read.input_tokens',
  conversation: 'gen_ai.conversation.id',
  toolName: 'gen_ai.tool.name',
  toolCall: 'gen_ai.tool.call.id',
  /** Content, which is told only when an operator asks for it. */
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
  toolArguments: 'gen_ai.tool.call.arguments',
  toolResult: 'gen_ai.tool.call.result',

  // HTTP
  method: 'http.request.method',
  route: 'http.route',
  status: 'http.response.status_code',

  // The queue
  messagingSystem: 'messaging.system',
  destination: 'messaging.destination.name',
  messagingOperation: 'messaging.operation.name',
  messagingType: 'messaging.operation.type',
  messageId: 'messaging.message.id',

  errorType: 'error.type',

  // Ours
  run: 'talaria.run.id',
  attempt: 'talaria.run.attempt',
  outcome: 'talaria.run.outcome',
  upstreamRequests: 'talaria.upstream.requests',
  job: 'talaria.job.id',
  scheduledFor: 'talaria.job.scheduled_for',
  deliveryTarget: 'talaria.delivery.target',
} as const;

/** Values of `gen_ai.operation.name`. */
export const OPERATIONS = { agent: 'invoke_agent', chat: 'chat', tool: 'execute_tool' } as const;
