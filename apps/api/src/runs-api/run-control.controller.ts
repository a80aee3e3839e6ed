import { ApprovalDto, readApproval, readSteer, SteerDto } from '#libs/protocols';
import { Runs } from '#libs/runs';
import { Body, Controller, Delete, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { Owner } from '../edge/auth/owner.decorator.js';
import { dto } from '../edge/dto.pipe.js';
import { deleteRun, type DeletePorts } from '../runs/delete-run.js';

export const DELETE_PORTS = Symbol('DELETE_PORTS');

/** Actions on a run that is under way, from any replica. */
@Controller('v1/runs')
export class RunControlController {
  constructor(
    @Inject(Runs) private readonly runs: Runs,
    @Inject(DELETE_PORTS) private readonly deletion: DeletePorts,
  ) {}

  @Delete(':id')
  async delete(@Param('id') runId: string, @Owner() owner: string): Promise<object> {
    await deleteRun(this.deletion, runId, await this.runs.find(runId, owner));
    return { object: 'hermes.run.deleted', id: runId, run_id: runId, deleted: true };
  }

  @Post(':id/stop')
  @HttpCode(200)
  async stop(@Param('id') id: string, @Owner() owner: string): Promise<{ run_id: string; status: string }> {
    return { run_id: id, status: await this.runs.stop(id, owner) };
  }

  @Post(':id/approval')
  @HttpCode(200)
  async approve(
    @Param('id') id: string,
    @Owner() owner: string,
    @Body(dto(ApprovalDto)) body: ApprovalDto,
  ): Promise<object> {
    const order = readApproval(body);
    const { requestId = null, resolved, replayed } = await this.runs.approve(id, owner, order);
    const answer = { object: 'hermes.run.approval', run_id: id, request_id: requestId };
    return { ...answer, choice: order.decision, resolved, replayed };
  }

  @Post(':id/steer')
  @HttpCode(200)
  async steer(
    @Param('id') id: string,
    @Owner() owner: string,
    @Body(dto(SteerDto, { isOptional: true })) body: SteerDto,
  ): Promise<object> {
    await this.runs.steer(id, owner, readSteer(body));
    return { object: 'hermes.run.steer', run_id: id, accepted: true };
  }
}
