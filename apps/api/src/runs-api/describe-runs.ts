import { ApprovalDto, RerunDto, runsProtocol, SteerDto } from '#libs/protocols';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { API_LIMITS } from '../words/api-limits.js';
import { ApprovalsController } from './approvals.controller.js';
import { FollowController } from './follow.controller.js';
import { PendingApprovalsController } from './pending-approvals.controller.js';
import { RunControlController } from './run-control.controller.js';
import { RerunController } from './rerun.controller.js';
import { PendingApprovalsQuery, RunEventsQuery, RunListQuery } from './run.queries.js';
import { RunsController } from './runs.controller.js';
import { body, errors, OBJECT, once, queries } from '../answering/describe.js';

const text = { type: 'string' };

const EVENTS =
  'Event ids are <run id>:<seq>. A Last-Event-ID that is foreign, malformed or ahead gives everything. After the events ' +
  'have expired, one final event with "replayed_from": "store" is left.';

export function describeRuns(): void {
  describeControl();
  once(RunsController, ApiTags('Runs'), {
    create: [
      ApiOperation({
        summary: 'Start a run and do not wait for it',
        description: 'Replayed for the same Idempotency-Key.',
      }),
      body(runsProtocol.dto),
      ApiHeader({ name: 'Idempotency-Key', description: 'Same key and body, same run; kept for 24 hours.' }),
      ApiResponse({ status: 202, description: 'The run is queued.', schema: started }),
      ...errors(400, 401, 404, 409, 413, 415, 429, 503),
    ],
    list: [
      ApiOperation({ summary: 'Your runs, newest first: those that go on and those that have ended' }),
      ...queries(RunListQuery),
      ApiOkResponse({ description: 'A page; `next` is the `after` of the following one.', schema: OBJECT }),
      ...errors(400, 401, 503),
    ],
    get: [
      ApiOperation({ summary: 'The state of a run: status, output so far, usage, error, open approvals' }),
      ApiOkResponse({ description: 'The run.', schema: OBJECT }),
      ...errors(401, 404, 503),
    ],
    listen: [
      ApiOperation({ summary: 'The events of a run as SSE, from the start or after a cursor', description: EVENTS }),
      ApiHeader({ name: 'Last-Event-ID', description: '<run id>:<seq>' }),
      ApiHeader({
        name: 'X-On-Disconnect',
        description: 'cancel: the run ends when this listener goes away as the last one; default: continue',
        schema: { type: 'string', enum: ['cancel', 'continue'] },
      }),
      ...queries(RunEventsQuery),
      ApiOkResponse({ description: 'The events.', content: { 'text/event-stream': { schema: { type: 'string' } } } }),
      ...errors(400, 401, 404, 429, 503),
    ],
  });
}

function describeControl(): void {
  once(RunControlController, ApiTags('Runs'), {
    delete: [
      ApiOperation({
        summary: 'Delete a run: nobody sees it any more, and it ends if it still goes on',
        description: 'What continues it goes on knowing it, until nothing does.',
      }),
      ApiOkResponse({ description: 'It is gone.', schema: OBJECT }),
      ...errors(401, 404, 503),
    ],
    stop: [
      ApiOperation({
        summary: 'End a run; repeating it changes nothing',
        description: 'Status "stopping" means that its worker has not confirmed the end yet.',
      }),
      ApiOkResponse({ description: 'What became of it.', schema: stopped }),
      ...errors(401, 404, 503),
    ],
    approve: [
      ApiOperation({ summary: 'Allow or deny a call that the run waits for' }),
      body(ApprovalDto),
      ApiOkResponse({ description: 'The answer is recorded; repeating it changes nothing.', schema: OBJECT }),
      ...errors(400, 401, 404, 409, 503),
    ],
    steer: [
      ApiOperation({ summary: 'Say something that the model reads at its next step' }),
      body(SteerDto),
      ApiOkResponse({ description: 'The text is recorded.', schema: OBJECT }),
      ...errors(400, 401, 404, 409, 503),
    ],
  });
}

/** Routes that a page uses: many runs on one stream, whole turns, and all open approvals. */
export function describeFollowing(): void {
  once(FollowController, ApiTags('Runs'), {
    listen: [
      ApiOperation({
        summary: 'The events of several runs on one SSE stream, each behind its own cursor',
        description: 'Ends when all of them have ended. A browser has six connections to a host: this needs one.',
      }),
      ApiQuery({
        name: 'run',
        required: true,
        description: '<run id>:<seq>, once for each run; seq 0: from the start',
        schema: { type: 'array', items: text, maxItems: API_LIMITS.followedRunsMax },
      }),
      ApiOkResponse({ description: 'The events.', content: { 'text/event-stream': { schema: { type: 'string' } } } }),
      ...errors(400, 401, 404, 429, 503),
    ],
    turn: [
      ApiOperation({ summary: 'A run with what it was asked and what the user put in meanwhile' }),
      ApiOkResponse({ description: 'The run, with `input` and `steers`.', schema: OBJECT }),
      ...errors(401, 404, 503),
    ],
  });
  once(PendingApprovalsController, ApiTags('Runs'), {
    list: [
      ApiOperation({
        summary: 'All requests for approval that wait for an answer',
        description: 'Pages begin with the newest runs; within a page the oldest request comes first.',
      }),
      ...queries(PendingApprovalsQuery),
      ApiOkResponse({ description: 'A page of requests, each with its run.', schema: OBJECT }),
      ...errors(400, 401, 503),
    ],
  });
}

export function describeRerun(): void {
  once(RerunController, ApiTags('runs'), {
    rerun: [
      ApiOperation({ summary: 'A new run that continues the first steps of this one' }),
      body(RerunDto, { required: false }),
      ApiHeader({ name: 'Idempotency-Key', description: 'Same key and body, same run; kept for 24 hours.' }),
      ApiResponse({ status: 202, description: 'The new run is queued.', schema: started }),
      ...errors(400, 401, 404, 409, 410, 413, 415, 429, 503),
    ],
  });
}

export function describeApprovals(): void {
  once(ApprovalsController, ApiTags('Runs'), {
    list: [
      ApiOperation({ summary: 'What you have allowed for ever' }),
      ApiOkResponse({ description: 'The scopes.', schema: OBJECT }),
      ...errors(401, 503),
    ],
    forget: [
      ApiOperation({ summary: 'Take back what was allowed for ever' }),
      ApiParam({ name: 'scope', description: 'as the list gave it', schema: text }),
      ApiOkResponse({ description: 'It will be asked for again.', schema: OBJECT }),
      ...errors(401, 404, 503),
    ],
  });
}

const started = {
  type: 'object',
  required: ['run_id', 'status', 'replayed'],
  properties: { run_id: text, status: text, replayed: { type: 'boolean' } },
};

const stopped = { type: 'object', required: ['run_id', 'status'], properties: { run_id: text, status: text } };
