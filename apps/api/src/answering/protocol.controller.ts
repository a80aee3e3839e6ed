import type { Protocol } from '#libs/protocols';
import { Controller, HttpCode, Inject, Post, Req, Res, type Type } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CreateRun } from './create-run.js';

/** A protocol and the controller that was made for it. */
export interface ProtocolRoute {
  readonly protocol: Protocol;
  readonly controller: Type<unknown>;
}

/** One controller class per protocol: its path and aliases, and nothing else that would differ between protocols. */
export function protocolController(protocol: Protocol): Type<unknown> {
  @Controller()
  class ProtocolController {
    constructor(@Inject(CreateRun) private readonly createRun: CreateRun) {}

    @Post([protocol.path, ...(protocol.aliases ?? [])])
    @HttpCode(200)
    create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
      return this.createRun.handle(protocol, request, reply);
    }
  }
  return ProtocolController;
}
