import { RerunDto } from '#libs/protocols';
import { Body, Controller, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Incoming, type IncomingRequest } from '../edge/auth/incoming.decorator.js';
import { dto } from '../edge/dto.pipe.js';
import { Rerun } from './rerun.js';

/** A run that has gone on is taken up again where it once was. */
@Controller('v1/runs')
export class RerunController {
  constructor(@Inject(Rerun) private readonly reruns: Rerun) {}

  @Post(':id/rerun')
  @HttpCode(202)
  rerun(
    @Param('id') runId: string,
    @Body(dto(RerunDto, { isOptional: true })) { steps, model }: RerunDto,
    @Incoming() request: IncomingRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.reruns.handle(request, reply, { runId, steps, ...(model !== undefined && { model }) });
  }
}
