import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { body, errors, OBJECT, once, queries } from '../answering/describe.js';
import { AllUsageController, SearchController, UsageController } from './accounts.controllers.js';
import { MoveAllDto, MoveJobsDto, OwnersController } from './owners.controller.js';
import { AllUsageQueryDto, SearchQueryDto, UsageQueryDto } from './usage.dto.js';

/** What the document says about usage, search and owners. */
export function describeAccounts(): void {
  const page = ApiOkResponse({ description: 'A page; `next` is the `after` of the following one.', schema: OBJECT });
  once(UsageController, ApiTags('Usage'), {
    usage: [
      ApiOperation({ summary: 'What you have used: runs, tokens and cost by day and model' }),
      ...queries(UsageQueryDto),
      page,
      ...errors(400, 401, 503),
    ],
  });
  once(AllUsageController, ApiTags('Operators'), {
    usage: [
      ApiOperation({ summary: 'What every key has used: runs, tokens and cost by day, key and model' }),
      ...queries(AllUsageQueryDto),
      page,
      ...errors(400, 401, 503),
    ],
  });
  once(SearchController, ApiTags('Sessions'), {
    search: [
      ApiOperation({ summary: 'Search in what was said in your sessions, the newest runs first' }),
      ...queries(SearchQueryDto),
      page,
      ...errors(400, 401, 503),
    ],
  });
  const answer = ApiOkResponse({ description: 'What was found or done.', schema: OBJECT });
  once(OwnersController, ApiTags('Operators'), {
    list: [
      ApiOperation({ summary: 'Names that own rows, how many, and whether a key has the name' }),
      answer,
      ...errors(401, 503),
    ],
    erase: [
      ApiOperation({
        summary: 'Delete all that belongs to a name that no key has',
        description: '`done` false: there is more, call again.',
      }),
      answer,
      ...errors(401, 403, 404, 503),
    ],
    moveAll: [
      ApiOperation({
        summary: 'Give all that belongs to a name that no key has to a key',
        description: 'Without `confirm` only the numbers are told. `done` false: there is more, call again.',
      }),
      body(MoveAllDto),
      answer,
      ...errors(400, 401, 403, 404, 409, 503),
    ],
    jobs: [ApiOperation({ summary: 'The jobs of a name' }), answer, ...errors(401, 404, 503)],
    move: [
      ApiOperation({ summary: 'Give the jobs of a name to a key' }),
      body(MoveJobsDto),
      answer,
      ...errors(400, 401, 404, 503),
    ],
    deleteJob: [ApiOperation({ summary: 'Delete one job of a name' }), answer, ...errors(401, 404, 503)],
  });
}
