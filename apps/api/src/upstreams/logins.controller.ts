import { isJsonObject, type JsonValue } from '#libs/contract';
import { Public } from '#libs/platform';
import { Body, Controller, Get, Header, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOperation } from '@nestjs/swagger';
import { LoginDesk } from './login-desk.js';

const ADMIN = { operators: 'admin' } as const;

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
  start(@Param('name') name: string, @Body() body: unknown): Promise<object> {
    return this.desk.start(name, textIn(body, 'bundle'));
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
  @ApiOperation({ summary: 'The same as /internal/upstreams/{name}/login, of `upstream` or the first one' })
  startFirst(@Query('upstream') upstream: unknown, @Body() body: unknown): Promise<object> {
    return this.desk.start(nameOf(upstream, body));
  }

  @Get('auto-login/status')
  @RouteConfig(ADMIN)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'How far the login is at `upstream`, or at the first one' })
  stateOfFirst(@Query('upstream') upstream: unknown): Promise<object> {
    return this.desk.state(nameOf(upstream, undefined));
  }

  @Post('session/export')
  @HttpCode(200)
  @RouteConfig(ADMIN)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'The encrypted key of `upstream` for another deployment; off unless the settings allow it' })
  export(@Query('upstream') upstream: unknown, @Body() body: unknown): Promise<object> {
    return this.desk.exported(nameOf(upstream, body));
  }
}

function nameOf(query: unknown, body: unknown): string | undefined {
  const name = query ?? textIn(body, 'upstream');
  return typeof name === 'string' ? name : undefined;
}

const textIn = (body: unknown, field: string): unknown =>
  isJsonObject(body as JsonValue) ? (body as never)[field] : undefined;
