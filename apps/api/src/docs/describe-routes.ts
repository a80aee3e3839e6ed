import {
  ApiExcludeController,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { ToolsController } from '../tools/tools.controller.js';
import { describeFiles } from '../files/describe-files.js';
import { describeAccounts } from '../accounts/describe-accounts.js';
import { CapabilitiesController } from '../runs-api/capabilities.controller.js';
import { describeJobs } from '../jobs/describe-jobs.js';
import { describeWebhooks } from '../webhooks/describe-webhooks.js';
import { HealthController } from '../models/health.controller.js';
import { ModelsController } from '../models/models.controller.js';
import { describeApprovals, describeFollowing, describeRerun, describeRuns } from '../runs-api/describe-runs.js';
import { body, errors, OBJECT, once } from '../answering/describe.js';
import { describeResponses } from '../responses/describe-responses.js';
import { describeSessions } from '../sessions/describe-sessions.js';
import type { Protocol } from '#libs/protocols';
import type { Type } from '@nestjs/common';
import type { ProtocolRoute } from '../answering/protocol.controller.js';

/**
 * The document's description of each route. It is here and not on the controllers, so that they load without
 * @nestjs/swagger. test/e2e/api-edges.test.ts finds a route that is missing here.
 */
export function describeRoutes(protocols: readonly ProtocolRoute[]): void {
  once(HealthController, ApiTags('Health'), {
    health: [
      ApiOperation({ summary: 'The API answers; how many workers it heard of in the last seconds' }),
      ApiOkResponse({ description: 'It does.', schema: OBJECT }),
    ],
  });
  once(CapabilitiesController, ApiTags('Health'), {
    get: [
      ApiOperation({ summary: 'What this gateway can do, for clients that probe' }),
      ApiOkResponse({ description: 'Features and endpoints.', schema: OBJECT }),
      ...errors(401, 503),
    ],
  });
  describeModels();
  describeTools();
  describeAccounts();
  describeFiles();
  describeRuns();
  describeFollowing();
  describeRerun();
  describeJobs();
  describeWebhooks();
  describeApprovals();
  describeResponses();
  describeSessions();
  for (const { protocol, controller, resume, others } of protocols) {
    for (const other of others) describeSubRoute(other);
    const door = DOORS[protocol.name] ?? { tag: 'Chat', summary: `Ask a model by the protocol ${protocol.name}` };
    if (resume) describeResume(protocol, door.tag, resume);
    once(controller, ApiTags(door.tag), {
      create: [
        ApiOperation({
          summary: door.summary,
          description: 'With "stream": true the answer is text/event-stream. Replayed for the same Idempotency-Key.',
        }),
        body(protocol.dto),
        ...runHeaders(),
        ...errors(400, 401, 404, 409, 413, 415, 429, 500, 502, 503, 504),
      ],
    });
  }
}

function describeResume(protocol: Protocol, tag: string, controller: Type<unknown>): void {
  once(controller, ApiTags(tag), {
    resume: [
      ApiOperation({ summary: `Hear the run of a conversation from its beginning: ${protocol.name}` }),
      ApiParam({ name: 'id', description: 'of the conversation', schema: { type: 'string' } }),
      ApiResponse({
        status: 200,
        description: 'The stream.',
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      }),
      ApiResponse({ status: 204, description: 'No run of it goes on.' }),
      ...errors(401, 404, 429, 503),
    ],
  });
}

/** How people call what a protocol's POST does. */
const DOORS: Readonly<Record<string, { readonly tag: string; readonly summary: string }>> = {
  'openai-chat': { tag: 'Chat', summary: 'Ask a model, in the shape of Chat Completions' },
  'openai-responses': { tag: 'Responses', summary: 'Ask a model, in the shape of the Responses API' },
  'anthropic-messages': { tag: 'Chat', summary: "Ask a model, in the shape of Anthropic's Messages API" },
  'openai-embeddings': { tag: 'Models', summary: 'Vectors of texts, in the shape of OpenAI' },
  'ai-sdk-ui': { tag: 'Chat', summary: 'Ask a model, in the UI message stream of the AI SDK' },
};

/** Probes are not in the document, because everybody who needs one knows it. */
function describeSubRoute({ route, controller }: ProtocolRoute['others'][number]): void {
  if (route.isProbe) {
    ApiExcludeController()(controller);
    return;
  }
  once(controller, ApiTags('Chat'), {
    answer: [
      ApiOperation({ summary: route.summary }),
      ...(route.dto ? [body(route.dto)] : []),
      ApiOkResponse({ description: 'The answer.', schema: OBJECT }),
      ...errors(400, 401, 404, 413, 415, 429, 503),
    ],
  });
}

function describeTools(): void {
  once(ToolsController, ApiTags('Tools'), {
    list: [
      ApiOperation({
        summary: 'The tools that the gateway executes for you',
        description:
          '`source` is `built_in` or `mcp`, with the server in `mcp_server`; `approval` says whether a human has to ' +
          'allow a call: `never`, `always`, or `by_arguments`. Models with toolsets of their own may leave some out.',
      }),
      ApiOkResponse({ description: 'The tools, by name.', schema: OBJECT }),
      ...errors(401, 503),
    ],
  });
}

function describeModels(): void {
  const anthropic = ApiHeader({ name: 'anthropic-version', description: "Anthropic's shape instead of OpenAI's" });
  once(ModelsController, ApiTags('Models'), {
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

/** The request and answer headers of everything that creates a run. */
function runHeaders(): MethodDecorator[] {
  const text = { type: 'string' };
  return [
    ApiHeader({
      name: 'Idempotency-Key',
      description:
        '1 to 255 visible ASCII characters, kept for 24 hours: same key and body, same run, which goes on when its client leaves',
    }),
    ApiHeader({
      name: 'X-On-Disconnect',
      description:
        'what happens to the run when this client goes away and nobody else listens; default: continue with an Idempotency-Key or in the background, else cancel',
      schema: { type: 'string', enum: ['cancel', 'continue'] },
    }),
    ApiHeader({ name: 'X-Session-Id', description: 'the session that this continues (also X-Hermes-Session-Id)' }),
    ApiHeader({
      name: 'X-Session-Busy',
      description: 'while the session has a turn: wait in order, or be refused with 409',
      schema: { type: 'string', enum: ['wait', 'reject'] },
    }),
    ApiHeader({
      name: 'X-Max-Cost',
      description:
        'most that the run may cost, in the currency of the prices; it ends as cut short when more is needed',
    }),
    ApiHeader({ name: 'X-Session-Max-Cost', description: 'most that all runs of the session together may cost' }),
    ApiHeader({ name: 'Last-Event-ID', description: 'of a replayed stream: <run id>:<seq>' }),
    ApiResponse({
      status: 200,
      description: 'The whole answer, or the stream of its events.',
      headers: {
        'X-Run-Id': { description: 'the run, under /v1/runs', schema: text },
        'X-Request-Id': { description: 'stands in our logs', schema: text },
        'X-Session-Id': { description: 'the session, under /api/sessions', schema: text },
        'Idempotency-Replayed': { description: 'true: an earlier request made this run', schema: text },
      },
      content: { 'application/json': { schema: OBJECT }, 'text/event-stream': { schema: text } },
    }),
  ];
}
