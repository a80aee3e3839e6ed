import type { JsonObject } from '#libs/contract';
import { Public } from '#libs/platform';
import type { Protocol, SubRoute } from '#libs/protocols';
import { Body, Controller, Get, Head, Headers, HttpCode, Inject, Param, Post, Res, type Type } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { Incoming, type IncomingRequest } from '../edge/auth/incoming.decorator.js';
import { ContinueRun } from './continue-run.js';
import { KeyName } from '../edge/auth/owner.decorator.js';
import { SubRoutes } from './sub-routes.js';

/** A protocol and the controllers made for it. */
export interface ProtocolRoute {
  readonly protocol: Protocol;
  readonly controller: Type<unknown>;
  /** Of the GET that resumes a stream, for a protocol that has one. */
  readonly resume?: Type<unknown>;
  readonly others: readonly { readonly route: SubRoute; readonly controller: Type<unknown> }[];
}

export function protocolRoute(protocol: Protocol): ProtocolRoute {
  const others = (protocol.routes ?? []).map((route) => ({ route, controller: subRouteController(route) }));
  const path = protocol.continuation?.resumePath;
  const resume = path !== undefined && { resume: resumeController(protocol, path) };
  return { protocol, controller: protocolController(protocol), ...resume, others };
}

/**
 * Makes one controller class per protocol. It has the protocol's path and aliases; nothing else differs between
 * protocols.
 */
function protocolController(protocol: Protocol): Type<unknown> {
  @Controller()
  class ProtocolController {
    constructor(@Inject(ContinueRun) private readonly run: ContinueRun) {}

    @Post([protocol.path, ...(protocol.aliases ?? [])])
    @HttpCode(200)
    create(@Incoming() request: IncomingRequest, @Res() reply: FastifyReply): Promise<void> {
      return this.run.handle(protocol, request, reply);
    }
  }
  return ProtocolController;
}

function resumeController(protocol: Protocol, path: string): Type<unknown> {
  @Controller()
  class ResumeController {
    constructor(@Inject(ContinueRun) private readonly run: ContinueRun) {}

    @Get(path)
    resume(@Param('id') id: string, @Incoming() request: IncomingRequest, @Res() reply: FastifyReply): Promise<void> {
      return this.run.resume(protocol, id, { request, reply });
    }
  }
  return ResumeController;
}

const METHODS = { GET: Get, POST: Post, HEAD: Head } as const;

function subRouteController(route: SubRoute): Type<unknown> {
  const isProbe = route.isProbe === true;
  const Method = METHODS[route.method];

  @Controller()
  class SubRouteController {
    constructor(@Inject(SubRoutes) private readonly routes: SubRoutes) {}

    @Method(route.path)
    @HttpCode(200)
    @RouteConfig({ isProbe })
    answer(
      @KeyName() owner: string,
      @Headers() headers: IncomingHttpHeaders,
      @Body() body: unknown,
    ): Promise<JsonObject> {
      return this.routes.answer(route, { owner, headers, body });
    }
  }
  if (isProbe) Public()(SubRouteController);
  return SubRouteController;
}
