import { Runs } from '#libs/runs';
import type { Page, PendingApproval } from '#libs/wire';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { Owner } from '../edge/auth/owner.decorator.js';
import { dto } from '../edge/dto.pipe.js';
import { RunList } from '../runs/run-list.js';
import { pendingPage } from '../runs/pending-approvals.js';
import { PendingApprovalsQuery } from './run.queries.js';

/** All open approvals, over all sessions and jobs. */
@Controller('v1/approvals/pending')
export class PendingApprovalsController {
  constructor(
    @Inject(RunList) private readonly runList: RunList,
    @Inject(Runs) private readonly runs: Runs,
  ) {}

  @Get()
  list(
    @Query(dto(PendingApprovalsQuery)) { limit, after }: PendingApprovalsQuery,
    @Owner() owner: string,
  ): Promise<Page<PendingApproval>> {
    const { runList, runs } = this;
    return pendingPage({ runList, runs }, { owner, limit, ...(after !== undefined && { after }) });
  }
}
