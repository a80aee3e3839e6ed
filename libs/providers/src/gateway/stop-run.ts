import { setTimeout as sleep } from 'node:timers/promises';
import { readBytes } from '../upstream/answers/read-body.js';
import { AnswerRefused } from '../upstream/call-errors.js';
import { UPSTREAM_LIMITS } from '../upstream/limits.js';
import type { UpstreamHttp } from '../upstream/upstream-http.js';

/**
 * Asks a gateway to stop its run, `POST /v1/runs/{id}/stop`. A gateway that cannot be reached is asked again a few
 * times, because the process that was answering may be the one that died. Never rejects, and holds no process open: a
 * gateway that cannot be told sees that the socket was closed.
 */
export async function stopRun(http: UpstreamHttp, runId: string): Promise<void> {
  if (!RUN_ID.test(runId)) return;
  for (const waitMs of [0, ...UPSTREAM_LIMITS.stopAgainAfterMs]) {
    await sleep(waitMs, undefined, { ref: false });
    try {
      const signal = AbortSignal.timeout(UPSTREAM_LIMITS.stopTimeoutMs);
      await readBytes(await http.post(`/v1/runs/${runId}/stop`, {}, signal), UPSTREAM_LIMITS.errorBodyBytesMax);
      return;
    } catch (error) {
      // It has heard us, and knows of no such run or no such route.
      if (error instanceof AnswerRefused && error.status < 500) return;
    }
  }
}

/** It becomes a part of a path, and is shown. */
export const RUN_ID = /^[A-Za-z0-9_-]{1,128}$/;
