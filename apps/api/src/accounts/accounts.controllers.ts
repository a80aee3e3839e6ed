import type { StoredAccounts } from '#libs/contract';
import { Public } from '#libs/platform';
import type { Page, SearchHit, UsageEntry } from '#libs/wire';
import { Controller, Get, Header, Inject, Query } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { Owner } from '../edge/auth/owner.decorator.js';
import { dto } from '../edge/dto.pipe.js';
import { searchSessions } from './search.js';
import { AllUsageQueryDto, SearchQueryDto, UsageQueryDto } from './usage.dto.js';
import { UsageReport } from './usage-report.js';

export const ACCOUNTS = Symbol('ACCOUNTS');

/** What this key has used. */
@Controller('v1/usage')
export class UsageController {
  constructor(@Inject(UsageReport) private readonly report: UsageReport) {}

  @Get()
  usage(@Query(dto(UsageQueryDto)) query: UsageQueryDto, @Owner() owner: string): Promise<Page<UsageEntry>> {
    return this.report.page(query, owner);
  }
}

/** What every key has used, for whoever has the admin token. */
@Public()
@Controller('internal/usage')
export class AllUsageController {
  constructor(@Inject(UsageReport) private readonly report: UsageReport) {}

  @Get()
  @RouteConfig({ operators: 'admin' })
  @Header('cache-control', 'no-store')
  usage(@Query(dto(AllUsageQueryDto)) query: AllUsageQueryDto): Promise<Page<UsageEntry>> {
    return this.report.page(query, query.key);
  }
}

/** What was said in this key's sessions. */
@Controller('api/search')
export class SearchController {
  constructor(@Inject(ACCOUNTS) private readonly accounts: StoredAccounts) {}

  @Get()
  search(@Query(dto(SearchQueryDto)) query: SearchQueryDto, @Owner() owner: string): Promise<Page<SearchHit>> {
    return searchSessions(this.accounts, owner, query);
  }
}
