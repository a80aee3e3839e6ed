import { Described, IsText, IsTrueOrFalse, NothingElse, Required } from '#libs/protocols';
import { Public } from '#libs/platform';
import { Body, Controller, Delete, Get, Header, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { dto } from '../edge/dto.pipe.js';
import { OwnerDesk } from './owner-desk.js';

const NAME_CHARS_MAX = 64;

/** The body of POST /internal/owners/{name}/jobs/move. */
@NothingElse('is not a field here; only to is.')
export class MoveJobsDto {
  @Required()
  @IsText(NAME_CHARS_MAX)
  to: string;
}

/** The body of POST /internal/owners/{name}/move. */
@NothingElse('is not a field here; only to and confirm are.')
export class MoveAllDto {
  @Required()
  @IsText(NAME_CHARS_MAX)
  to: string;

  @IsTrueOrFalse()
  @Described('false: only tells what would be moved.')
  confirm: boolean = false;
}

/** Whose rows there are, also those that no key opens any more; for whoever has the admin token. */
@Public()
@Controller('internal/owners')
export class OwnersController {
  constructor(@Inject(OwnerDesk) private readonly desk: OwnerDesk) {}

  @Get()
  @RouteConfig({ operators: 'admin' })
  @Header('cache-control', 'no-store')
  list(): Promise<object> {
    return this.desk.list();
  }

  @Delete(':name')
  @RouteConfig({ operators: 'admin' })
  erase(@Param('name') name: string): Promise<object> {
    return this.desk.erase(name);
  }

  @Post(':name/move')
  @HttpCode(200)
  @RouteConfig({ operators: 'admin' })
  moveAll(@Param('name') name: string, @Body(dto(MoveAllDto)) asked: MoveAllDto): Promise<object> {
    return this.desk.moveAll(name, asked);
  }

  @Get(':name/jobs')
  @RouteConfig({ operators: 'admin' })
  @Header('cache-control', 'no-store')
  jobs(@Param('name') name: string): Promise<object> {
    return this.desk.jobs(name);
  }

  @Post(':name/jobs/move')
  @HttpCode(200)
  @RouteConfig({ operators: 'admin' })
  move(@Param('name') name: string, @Body(dto(MoveJobsDto)) { to }: MoveJobsDto): Promise<object> {
    return this.desk.moveJobs(name, to);
  }

  @Delete(':name/jobs/:id')
  @RouteConfig({ operators: 'admin' })
  deleteJob(@Param('name') name: string, @Param('id') id: string): Promise<object> {
    return this.desk.deleteJob(name, id);
  }
}
