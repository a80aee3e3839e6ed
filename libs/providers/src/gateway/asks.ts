import type { ApprovalBy, ApprovalDecision, JsonObject, UpstreamAsk } from '#libs/contract';
import { readBytes } from '../upstream/answers/read-body.js';
import { AnswerRefused } from '../upstream/call-errors.js';
import { UPSTREAM_LIMITS } from '../upstream/limits.js';
import type { UpstreamHttp } from '../upstream/upstream-http.js';

/** Gives an answer to one request of one run of a gateway; see `UpstreamAsk.answer`. */
export type AskLine = (
  request: { readonly runId: string; readonly requestId: string },
  decision: ApprovalDecision,
  signal: AbortSignal,
) => Promise<void>;

/** `POST /v1/runs/{id}/approval` of a gateway. */
export function answerLine(http: UpstreamHttp): AskLine {
  return async ({ runId, requestId }, choice, signal) => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(UPSTREAM_LIMITS.approvalTimeoutMs)]);
    try {
      const answer = await http.post(`/v1/runs/${runId}/approval`, { choice, request_id: requestId }, bounded);
      await readBytes(answer, UPSTREAM_LIMITS.errorBodyBytesMax);
    } catch (error) {
      // It has heard us, and takes no such answer (any more). A gateway that is busy is asked again.
      if (error instanceof AnswerRefused && error.status < 500 && error.status !== 429) return;
      throw error;
    }
  };
}

/**
 * What a call waits for, if that is an approval which can be answered: Talaria names the request, its end in seconds
 * since the epoch, and the choices. Hermes names less, and takes no answer for a run of Chat Completions.
 */
export function askOf(news: JsonObject, status: string, runId?: string, line?: AskLine): UpstreamAsk | undefined {
  const { request_id: requestId, approval_choices: choices, expires_at: expiresAt } = news;
  if (!line || runId === undefined || status !== 'waiting_for_approval') return undefined;
  if (typeof requestId !== 'string' || !REQUEST_ID.test(requestId)) return undefined;
  if (!Array.isArray(choices) || !choices.includes('once') || !choices.includes('deny')) return undefined;
  const secondsMax = typeof expiresAt === 'number' ? expiresAt - Date.now() / 1_000 : 0;
  if (!(secondsMax > 0)) return undefined;
  return {
    secondsMax,
    // A gateway that remembers no answers is told that this call may be made.
    answer: (decision, signal) => line({ runId, requestId }, choices.includes(decision) ? decision : 'once', signal),
  };
}

/** The answer that a gateway tells of, whoever gave it. undefined: these are other news. */
export function answerOf(news: JsonObject): { decision: ApprovalDecision; by: ApprovalBy } | undefined {
  const { status, choice, by } = news;
  if (status !== 'approved' && status !== 'denied') return undefined;
  const allowed = choice === 'session' || choice === 'always' ? choice : 'once';
  return {
    decision: status === 'denied' ? 'deny' : allowed,
    by: by === 'timeout' || by === 'policy' ? by : 'user',
  };
}

const REQUEST_ID = /^[A-Za-z0-9_-]{1,128}$/;
