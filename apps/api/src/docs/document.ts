import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { ProtocolRoute } from '../answering/protocol.controller.js';
import { isPageRoute } from '../pages/pages.js';
import { describeRoutes } from './describe-routes.js';

/** In the order of the page. */
const TAGS: readonly (readonly [name: string, description: string])[] = [
  ['Chat', 'Answers of a model in the shapes that chat clients speak'],
  ['Responses', 'The Responses API: answers that are kept, continued, streamed again'],
  ['Conversations', 'Conversations of the Responses API and their items'],
  ['Models', 'What can be asked for'],
  ['Runs', 'Every answer is a run: start, follow, stop, allow its calls'],
  ['Sessions', 'Conversations that the gateway keeps, with their files'],
  ['Jobs', 'Runs by the clock, and where their results go'],
  ['Webhooks', 'Who is told when runs end or wait'],
  ['Tools', 'What the gateway can do for a run'],
  ['Usage', 'What was used'],
  ['Health', 'Whether the gateway works, and what it can do'],
  ['Operators', 'For the admin token'],
];

/** Summaries of the routes from libs/platform, which does not know OpenAPI. */
const SUMMARIES: Readonly<Record<string, string>> = {
  '/health/live': 'The process answers',
  '/health/ready': 'Redis answers and the process is not draining; 503 otherwise',
  '/health/startup': 'The same as /health/ready, for start probes',
  '/health/detailed': 'What is whole and what is not: Redis, store, queues, workers with their models',
  '/internal/stats': 'The same for the admin token',
  '/metrics': 'Numbers for Prometheus, for the metrics token',
};

/** Builds the OpenAPI document of all routes from the controllers. Call it after the application was initialized. */
export function buildDocument(
  app: INestApplication,
  protocols: readonly ProtocolRoute[],
  version: string,
): OpenAPIObject {
  describeRoutes(protocols);
  const config = new DocumentBuilder()
    .setTitle('Talaria')
    .setDescription('Agent gateway: OpenAI-compatible in front, queued, resumable runs behind.')
    .setVersion(version)
    .addServer('/', 'This gateway')
    .addSecurity('bearer', { type: 'http', scheme: 'bearer', description: 'API key' })
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-api-key' }, 'x-api-key')
    .build();
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory: (_, method) => method });
  document.tags = TAGS.map(([name, description]) => ({ name, description }));
  document.components = { ...document.components, schemas: { ...document.components?.schemas, Error: ERROR } };
  const isPage = (path: string): boolean => path === '/openapi.json' || isPageRoute(path);
  const isPublic = (path: string): boolean => /^\/(healthz|(v1\/)?health(\/(live|ready|startup))?)$/.test(path);
  for (const [path, item] of Object.entries(document.paths)) {
    if (isPage(path)) delete document.paths[path];
    for (const operation of [item.get, item.put, item.post, item.patch, item.delete]) {
      if (!operation) continue;
      operation.summary ??= SUMMARIES[path] ?? '';
      // Without a word Nest takes the name of the controller.
      const isTagged = operation.tags?.some((tag) => TAGS.some(([name]) => name === tag));
      if (!isTagged) operation.tags = [path.startsWith('/health') ? 'Health' : 'Operators'];
      // Nest numbers the paths of a handler that has several. The numbers are removed, because the path tells them
      // apart.
      const handler = (operation.operationId ?? '').replace(/\[\d+\]$/, '');
      operation.operationId = `${handler}${path.replace(/\W+/g, '_')}`;
      operation.security = isPublic(path) ? [] : [{ bearer: [] }, { 'x-api-key': [] }];
    }
  }
  return document;
}

const nullableString = { type: 'string', nullable: true };
const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { ...nullableString, description: 'the field at fault' },
        code: { ...nullableString, description: 'one of a closed list' },
      },
    },
  },
};
