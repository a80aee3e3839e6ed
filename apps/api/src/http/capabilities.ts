/** What this gateway can do, in the words that clients ask for. A branch of features adds its own. */
export const CAPABILITY_FEATURES = {
  chat_completions: true,
  chat_completions_streaming: true,
  responses_api: true,
  responses_streaming: true,
  jobs: true,
  client_tools: true,
  run_submission: true,
  run_status: true,
  run_list: true,
  run_events_sse: true,
  run_events_resume: true,
  run_stop: true,
  run_steer: true,
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

export const CAPABILITY_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  health: { method: 'GET', path: '/health' },
  models: { method: 'GET', path: '/v1/models' },
  capabilities: { method: 'GET', path: '/v1/capabilities' },
  chat_completions: { method: 'POST', path: '/v1/chat/completions' },
  responses: { method: 'POST', path: '/v1/responses' },
  jobs: { method: 'GET', path: '/api/jobs' },
  runs: { method: 'POST', path: '/v1/runs' },
  run_list: { method: 'GET', path: '/v1/runs' },
  run_status: { method: 'GET', path: '/v1/runs/{run_id}' },
  run_events: { method: 'GET', path: '/v1/runs/{run_id}/events' },
  run_stop: { method: 'POST', path: '/v1/runs/{run_id}/stop' },
  run_approval: { method: 'POST', path: '/v1/runs/{run_id}/approval' },
  run_steer: { method: 'POST', path: '/v1/runs/{run_id}/steer' },
  approvals: { method: 'GET', path: '/v1/approvals' },
};
