import type { Protocol } from '#libs/protocols';

/** The features of this gateway, by the names that clients look for. */
export const CAPABILITY_FEATURES = {
  chat_completions: true,
  chat_completions_streaming: true,
  responses_api: true,
  responses_streaming: true,
  responses_websocket: true,
  responses_background: true,
  responses_cancel: true,
  responses_compaction: true,
  conversations: true,
  sessions: true,
  session_turns: true,
  session_fork: true,
  webhooks: true,
  embeddings: true,
  jobs: true,
  client_tools: true,
  run_submission: true,
  run_status: true,
  run_list: true,
  run_events_sse: true,
  run_events_resume: true,
  run_stop: true,
  run_steer: true,
  run_rerun: true,
  run_approval: true,
  run_approval_response: true,
  approval_events: true,
  tool_progress_events: true,
  reasoning_streaming: true,
} as const;

interface Endpoint {
  readonly method: string;
  readonly path: string;
}

/** Every route of /v1 and /api by its own name, without aliases. The WebSocket is at the path of `responses`. */
export const CAPABILITY_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  health: at('GET', '/health'),
  models: at('GET', '/v1/models'),
  model: at('GET', '/v1/models/{model}'),
  capabilities: at('GET', '/v1/capabilities'),
  tools: at('GET', '/v1/tools'),
  chat_completions: at('POST', '/v1/chat/completions'),
  responses: at('POST', '/v1/responses'),
  response: at('GET', '/v1/responses/{response_id}'),
  response_delete: at('DELETE', '/v1/responses/{response_id}'),
  response_cancel: at('POST', '/v1/responses/{response_id}/cancel'),
  response_input_items: at('GET', '/v1/responses/{response_id}/input_items'),
  response_input_tokens: at('POST', '/v1/responses/input_tokens'),
  response_compact: at('POST', '/v1/responses/compact'),
  conversations: at('POST', '/v1/conversations'),
  conversation: at('GET', '/v1/conversations/{conversation_id}'),
  conversation_update: at('POST', '/v1/conversations/{conversation_id}'),
  conversation_delete: at('DELETE', '/v1/conversations/{conversation_id}'),
  conversation_items: at('GET', '/v1/conversations/{conversation_id}/items'),
  conversation_items_add: at('POST', '/v1/conversations/{conversation_id}/items'),
  conversation_item: at('GET', '/v1/conversations/{conversation_id}/items/{item_id}'),
  conversation_item_delete: at('DELETE', '/v1/conversations/{conversation_id}/items/{item_id}'),
  sessions: at('GET', '/api/sessions'),
  session: at('GET', '/api/sessions/{session_id}'),
  session_messages: at('GET', '/api/sessions/{session_id}/messages'),
  session_turns: at('GET', '/api/sessions/{session_id}/turns'),
  session_rename: at('PATCH', '/api/sessions/{session_id}'),
  session_delete: at('DELETE', '/api/sessions/{session_id}'),
  session_files: at('GET', '/api/sessions/{session_id}/files'),
  session_file_put: at('PUT', '/api/sessions/{session_id}/files'),
  session_file_delete: at('DELETE', '/api/sessions/{session_id}/files'),
  session_fork: at('POST', '/api/sessions/{session_id}/fork'),
  webhooks: at('GET', '/v1/webhooks'),
  webhook_create: at('POST', '/v1/webhooks'),
  webhook: at('GET', '/v1/webhooks/{webhook_id}'),
  webhook_update: at('PATCH', '/v1/webhooks/{webhook_id}'),
  webhook_delete: at('DELETE', '/v1/webhooks/{webhook_id}'),
  webhook_deliveries: at('GET', '/v1/webhooks/{webhook_id}/deliveries'),
  webhook_test: at('POST', '/v1/webhooks/{webhook_id}/test'),
  webhook_pause: at('POST', '/v1/webhooks/{webhook_id}/pause'),
  webhook_resume: at('POST', '/v1/webhooks/{webhook_id}/resume'),
  webhook_rotate: at('POST', '/v1/webhooks/{webhook_id}/rotate'),
  jobs: at('GET', '/api/jobs'),
  job_create: at('POST', '/api/jobs'),
  job_preview: at('POST', '/api/jobs/preview'),
  job: at('GET', '/api/jobs/{job_id}'),
  job_update: at('PATCH', '/api/jobs/{job_id}'),
  job_delete: at('DELETE', '/api/jobs/{job_id}'),
  job_pause: at('POST', '/api/jobs/{job_id}/pause'),
  job_resume: at('POST', '/api/jobs/{job_id}/resume'),
  job_run: at('POST', '/api/jobs/{job_id}/run'),
  job_test_delivery: at('POST', '/api/jobs/{job_id}/test-delivery'),
  job_runs: at('GET', '/api/jobs/{job_id}/runs'),
  job_next: at('GET', '/api/jobs/{job_id}/next'),
  usage: at('GET', '/v1/usage'),
  search: at('GET', '/api/search'),
  runs: at('POST', '/v1/runs'),
  run_list: at('GET', '/v1/runs'),
  run_status: at('GET', '/v1/runs/{run_id}'),
  run_delete: at('DELETE', '/v1/runs/{run_id}'),
  run_events: at('GET', '/v1/runs/{run_id}/events'),
  run_turn: at('GET', '/v1/runs/{run_id}/turn'),
  runs_events: at('GET', '/v1/runs/events'),
  run_stop: at('POST', '/v1/runs/{run_id}/stop'),
  run_approval: at('POST', '/v1/runs/{run_id}/approval'),
  run_steer: at('POST', '/v1/runs/{run_id}/steer'),
  run_rerun: at('POST', '/v1/runs/{run_id}/rerun'),
  approvals: at('GET', '/v1/approvals'),
  approvals_pending: at('GET', '/v1/approvals/pending'),
  approval_delete: at('DELETE', '/v1/approvals/{scope}'),
};

/** The features and endpoints that the protocols add. */
export function capabilitiesOf(protocols: readonly Protocol[]): {
  readonly features: Readonly<Record<string, true>>;
  readonly endpoints: Readonly<Record<string, Endpoint>>;
} {
  const told = protocols.flatMap(({ capabilities }) => (capabilities ? [capabilities] : []));
  const names = told.flatMap(({ features }) => features);
  return {
    features: Object.fromEntries(names.map((name) => [name, true])),
    endpoints: Object.assign({}, ...told.map(({ endpoints }) => endpoints)) as Readonly<Record<string, Endpoint>>,
  };
}

function at(method: string, path: string): Endpoint {
  return { method, path };
}
