import { ERRORS, type ErrorCode } from '#libs/contract';
import type { Type } from '@nestjs/common';
import {
  ApiBody,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { HealthController } from '../health.controller.js';
import { ModelsController } from '../models.controller.js';
import { RunsController } from '../runs.controller.js';
import type { ProtocolRoute } from '../protocol.controller.js';

/**
 * What the document says about each route. Here and not on the controllers, so that they load without @nestjs/swagger.
 * A route that is missing here is seen by test/e2e/api-edges.test.ts.
 */
export function describeRoutes(protocols: readonly ProtocolRoute[]): void {
  once(HealthController, ApiTags('health'), {
    health: [
      ApiOperation({ summary: 'The API answers; how many workers it heard of in the last seconds' }),
      ApiOkResponse({ description: 'It does.', schema: OBJECT }),
    ],
  });
  describeModels();
  describeRuns();
  for (const { protocol, controller } of protocols) {
    once(controller, ApiTags('protocols'), {
      create: [
        ApiOperation({
          summary: `Create a run: ${protocol.name}`,
          description: 'With "stream": true the answer is text/event-stream. Replayed for the same Idempotency-Key.',
        }),
        ApiBody({ schema: { ...protocol.requestSchema } }),
        ...runHeaders(),
        ...errors(400, 401, 404, 409, 413, 415, 429, 500, 502, 503, 504),
      ],
    });
  }
}

function describeModels(): void {
  const anthropic = ApiHeader({ name: 'anthropic-version', description: "Anthropic's shape instead of OpenAI's" });
  once(ModelsController, ApiTags('models'), {
    list: [
      ApiOperation({ summary: 'The models that can be asked for, the default first' }),
      anthropic,
      ApiOkResponse({ description: 'The models.', schema: OBJECT }),
      ...errors(401, 503),
    ],
    get: [
      ApiOperation({ summary: 'One model; its name may contain slashes' }),
      anthropic,
      ApiParam({ name: 'path', description: 'the name', schema: { type: 'string' } }),
      ApiOkResponse({ description: 'The model.', schema: OBJECT }),
      ...errors(401, 404, 503),
    ],
  });
}

function describeRuns(): void {
  const stopped = {
    type: 'object',
    required: ['run_id', 'status'],
    properties: { run_id: { type: 'string' }, status: { type: 'string' } },
  };
  const events =
    'Event ids are <run id>:<seq>. A Last-Event-ID that is foreign, malformed or ahead gives everything. After the events ' +
    'have expired, one final event with "replayed_from": "store" is left.';
  once(RunsController, ApiTags('runs'), {
    get: [
      ApiOperation({ summary: 'The state of a run: status, output so far, usage, error' }),
      ApiOkResponse({ description: 'The run.', schema: OBJECT }),
      ...errors(401, 404, 503),
    ],
    listen: [
      ApiOperation({ summary: 'The events of a run as SSE, from the start or after a cursor', description: events }),
      ApiHeader({ name: 'Last-Event-ID', description: '<run id>:<seq>' }),
      ApiQuery({ name: 'after_seq', required: false, schema: { type: 'integer', minimum: 0 } }),
      ApiOkResponse({ description: 'The events.', content: { 'text/event-stream': { schema: { type: 'string' } } } }),
      ...errors(400, 401, 404, 429, 503),
    ],
    stop: [
      ApiOperation({
        summary: 'End a run; repeating it changes nothing',
        description: 'Status "stopping" means that its worker has not confirmed the end yet.',
      }),
      ApiOkResponse({ description: 'What became of it.', schema: stopped }),
      ...errors(401, 404, 503),
    ],
  });
}

const OBJECT = { type: 'object' };
const ERROR_CONTENT = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };

/** The error answers of a route, with the codes that each status can carry. */
function errors(...statuses: readonly number[]): MethodDecorator[] {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  return statuses.map((status) => {
    const description = codes.filter((code) => ERRORS[code].status === status).join(', ');
    return ApiResponse({ status, description, content: ERROR_CONTENT });
  });
}

/** The request and answer headers of everything that creates a run. */
function runHeaders(): MethodDecorator[] {
  const text = { type: 'string' };
  return [
    ApiHeader({
      name: 'Idempotency-Key',
      description: '1 to 255 visible ASCII characters, kept for 24 hours: same key and body, same run',
    }),
    ApiHeader({
      name: 'X-On-Disconnect',
      description: 'what happens to the run when this client goes away',
      schema: { type: 'string', enum: ['cancel', 'continue'] },
    }),
    ApiHeader({ name: 'Last-Event-ID', description: 'of a replayed stream: <run id>:<seq>' }),
    ApiResponse({
      status: 200,
      description: 'The whole answer, or the stream of its events.',
      headers: {
        'X-Run-Id': { description: 'the run, under /v1/runs', schema: text },
        'X-Request-Id': { description: 'stands in our logs', schema: text },
        'Idempotency-Replayed': { description: 'true: an earlier request made this run', schema: text },
      },
      content: { 'application/json': { schema: OBJECT }, 'text/event-stream': { schema: text } },
    }),
  ];
}

const described = new WeakSet<Type<unknown>>();

/** Decorates a controller and its methods, unless that was done for another application in this process. */
function once(
  controller: Type<unknown>,
  onClass: ClassDecorator,
  onMethods: Readonly<Record<string, readonly MethodDecorator[]>>,
): void {
  if (described.has(controller)) return;
  described.add(controller);
  onClass(controller);
  for (const [name, decorators] of Object.entries(onMethods)) {
    const prototype = controller.prototype as object;
    const method = Object.getOwnPropertyDescriptor(prototype, name);
    if (!method) throw new Error(`${controller.name} has no ${name} to describe`);
    for (const decorate of decorators) decorate(prototype, name, method);
  }
}
