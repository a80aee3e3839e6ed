import { GatewayError } from '#libs/contract';
import { runObject } from '#libs/protocols';
import { Runs } from '#libs/runs';
import type { PendingApproval } from '#libs/wire';
import { Controller, Get, Inject } from '@nestjs/common';
import { Owner } from '../edge/auth/owner.decorator.js';
import { RunList } from '../runs/run-list.js';
import { API_LIMITS } from '../words/api-limits.js';

/** All open approvals, over all sessions and jobs. */
@Controller('v1/approvals/pending')
export class PendingApprovalsController {
  constructor(
    @Inject(RunList) private readonly runList: RunList,
    @Inject(Runs) private readonly runs: Runs,
  ) {}

  /** From at most API_LIMITS.runsPageMax runs; `has_more` says that further runs wait. */
  @Get()
  async list(@Owner() owner: string): Promise<object> {
    const order = { owner, status: 'waiting_for_approval', limit: API_LIMITS.runsPageMax } as const;
    const { runs, next } = await this.runList.page(order);
    const lists = await Promise.all(runs.map(({ runId }) => this.requestsOf(runId, owner)));
    const data = lists.flat().sort((a, b) => a.request.requested_at - b.request.requested_at);
    return { object: 'list', data, has_more: next !== undefined };
  }

  private async requestsOf(runId: string, owner: string): Promise<readonly PendingApproval[]> {
    try {
      const { run_id, session_id, job_id, approvals } = runObject(await this.runs.get(runId, owner));
      return approvals.map((request) => ({ run_id, session_id, job_id, request }));
    } catch (cause) {
      // The run was deleted after it was listed.
      if (cause instanceof GatewayError && cause.code === 'run_not_found') return [];
      throw cause;
    }
  }
}
