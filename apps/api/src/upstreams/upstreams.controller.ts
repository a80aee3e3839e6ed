import { Public } from '#libs/platform';
import { Controller, Get, Header, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import { UpstreamDesk } from './upstream-desk.js';

/** For holders of the admin token: the state of the upstreams, and actions on them. */
@Public()
@Controller('internal/upstreams')
export class UpstreamsController {
  constructor(@Inject(UpstreamDesk) private readonly desk: UpstreamDesk) {}

  @Get()
  @RouteConfig({ operators: 'admin' })
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'How the upstreams are: state and why, requests and tokens under way, cache hits, bindings',
  })
  list(): Promise<object> {
    return this.desk.list();
  }

  @Post('reload')
  @HttpCode(200)
  @RouteConfig({ operators: 'admin' })
  @ApiOperation({ summary: 'All processes read the settings of models again; bad ones are refused' })
  reload(): Promise<object> {
    return this.desk.reload();
  }

  @Post(':name/drain')
  @HttpCode(200)
  @RouteConfig({ operators: 'admin' })
  @ApiOperation({ summary: 'No new request goes to the upstream; its sessions look for another home' })
  drain(@Param('name') name: string): Promise<object> {
    return this.desk.drain(name);
  }

  @Post(':name/enable')
  @HttpCode(200)
  @RouteConfig({ operators: 'admin' })
  @ApiOperation({ summary: 'Takes the upstream back in, with nothing held against it' })
  enable(@Param('name') name: string): Promise<object> {
    return this.desk.enable(name);
  }

  @Post(':name/check')
  @HttpCode(200)
  @RouteConfig({ operators: 'admin' })
  @ApiOperation({ summary: 'A worker asks the upstream for its models' })
  check(@Param('name') name: string): Promise<object> {
    return this.desk.check(name);
  }
}
