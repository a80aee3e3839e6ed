import { Public } from '#libs/platform';
import { Body, Controller, Get, Header, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOperation } from '@nestjs/swagger';
import { body } from '../answering/describe.js';
import { dto } from '../edge/dto.pipe.js';
import { LoginDesk } from './login-desk.js';
import { LoginDto, UpstreamDto, UpstreamQuery } from './logins.dto.js';

const ADMIN = { operators: 'admin' } as const;
const UPSTREAM = dto(UpstreamDto, { isOptional: true });

/** For whoever has the admin token: logins at upstreams whose keys renew themselves. */
@Public()
@Controller('internal')
export class LoginsController {
  constructor(@Inject(LoginDesk) private readonly desk: LoginDesk) {}

  @Post('upstreams/:name/login')
  @HttpCode(200)
  @RouteConfig(ADMIN)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Starts a login at an upstream, and answers what a human has to open' })
  @body(LoginDto, { required: false })
  start(@Param('name') name: string, @Body(dto(LoginDto, { isOptional: true })) asked: LoginDto): Promise<object> {
    const { bundle, bundle_b64: base64 } = asked;
    return this.desk.start(name, bundle ?? (base64 && Buffer.from(base64, 'base64').toString('latin1')));
  }

  @Get('upstreams/:name/login')
  @RouteConfig(ADMIN)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'How far the login is, and until when the key is good' })
  state(@Param('name') name: string): Promise<object> {
    return this.desk.state(name);
  }

  @Post('auto-login/start')
  @HttpCode(200)
  @RouteConfig(ADMIN)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Starts a login at `upstream` or the first one, unless its key is good or a login is under way',
  })
  @body(UpstreamDto, { required: false })
  startFirst(@Query(dto(UpstreamQuery)) query: UpstreamQuery, @Body(UPSTREAM) asked: UpstreamDto): Promise<object> {
    return this.desk.startOnce(nameOf(query, asked));
  }

  @Get('auto-login/status')
  @RouteConfig(ADMIN)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'How far the login is at `upstream`, or at the first one' })
  stateOfFirst(@Query(dto(UpstreamQuery)) query: UpstreamQuery): Promise<object> {
    return this.desk.states(nameOf(query));
  }

  @Post('session/export')
  @HttpCode(200)
  @RouteConfig(ADMIN)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'The encrypted key of `upstream` for another deployment; off unless the settings allow it' })
  @body(UpstreamDto, { required: false })
  export(@Query(dto(UpstreamQuery)) query: UpstreamQuery, @Body(UPSTREAM) asked: UpstreamDto): Promise<object> {
    return this.desk.exported(nameOf(query, asked));
  }
}

/** `instance` is the word of clients of the Lingma gateway. */
const nameOf = ({ upstream, instance }: UpstreamQuery, asked?: UpstreamDto): string | undefined =>
  upstream ?? instance ?? asked?.upstream;
