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
    return this.desk.start(name, textIn(body, 'bundle') ?? decoded(textIn(body, 'bundle_b64')));
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
  startFirst(@Query() query: unknown, @Body() body: unknown): Promise<object> {
    return this.desk.startOnce(nameOf(query, body));
  }

  @Get('auto-login/status')
  @RouteConfig(ADMIN)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'How far the login is at `upstream`, or at the first one' })
  stateOfFirst(@Query() query: unknown): Promise<object> {
    return this.desk.states(nameOf(query, undefined));
  }

  @Post('session/export')
  @HttpCode(200)
  @RouteConfig(ADMIN)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'The encrypted key of `upstream` for another deployment; off unless the settings allow it' })
  export(@Query() query: unknown, @Body() body: unknown): Promise<object> {
    return this.desk.exported(nameOf(query, body));
  }
}

/** `upstream`, or `instance` as clients of the Lingma gateway say it. */
function nameOf(query: unknown, body: unknown): string | undefined {
  const name = textIn(query, 'upstream') ?? textIn(query, 'instance') ?? textIn(body, 'upstream');
  return typeof name === 'string' ? name : undefined;
}

/** The bundle of an export, as clients of the Lingma gateway keep it. */
const decoded = (text: unknown): unknown =>
  typeof text === 'string' ? Buffer.from(text, 'base64').toString('latin1') : text;

const textIn = (body: unknown, field: string): unknown =>
  isJsonObject(body as JsonValue) ? (body as never)[field] : undefined;
