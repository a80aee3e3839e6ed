import { isSessionId, LIMITS, SESSION_ID_RULE } from '#libs/contract';
import { Described, IsIntegerBetween, IsString, IsTrueOrFalse, NothingElse, Required, Rule } from '#libs/protocols';
import { API_LIMITS } from '../words/api-limits.js';

const TITLE_PROBLEM = `must be a line of 1 to ${LIMITS.sessionTitleCharsMax} characters.`;

function isTitle(value: unknown): boolean {
  const title = typeof value === 'string' ? value.trim() : '';
  return title !== '' && title.length <= LIMITS.sessionTitleCharsMax && !/\p{Cc}/u.test(title);
}

const IsTitle = (): PropertyDecorator => Rule(isTitle, TITLE_PROBLEM, 'invalid_title', { type: 'string' });

const isId = (value: unknown): boolean => typeof value !== 'string' || isSessionId(value);

/** The query of GET /api/sessions/{id}/messages. */
export class SessionMessagesQuery {
  @IsIntegerBetween(1, API_LIMITS.sessionsPageMax)
  limit: number = API_LIMITS.sessionsPage;

  @IsString()
  @Described('next_cursor of the page before')
  after?: string;
}

/** The query of GET /api/sessions/{id}/turns. */
export class SessionTurnsQuery {
  @IsIntegerBetween(1, API_LIMITS.sessionsPageMax)
  limit: number = API_LIMITS.sessionsPage;

  @IsString()
  @Described('next of the page before')
  after?: string;
}

/** The query of GET /api/sessions. */
export class SessionListQuery extends SessionMessagesQuery {
  @IsString()
  @Described('part of the title')
  q?: string;

  @IsTrueOrFalse()
  @Described('false: only sessions that a request has named')
  derived: boolean = true;
}

/**
 * The body of PATCH /api/sessions/{id}. Other fields are refused, so that a client does not believe that it changed
 * them.
 */
@NothingElse('cannot be changed; only title can.')
export class RenameSessionDto {
  @Required('invalid_title', TITLE_PROBLEM)
  @IsTitle()
  title: string;
}

/** The body of POST /api/sessions/{id}/fork; it may be empty. */
@NothingElse('is not a field of a fork; run_id, session_id and title are.')
export class ForkSessionDto {
  @IsString()
  run_id?: string;

  @IsString()
  @Rule(isId, `must be ${SESSION_ID_RULE}.`, 'invalid_session_id')
  session_id?: string;

  @IsTitle()
  title?: string;
}
