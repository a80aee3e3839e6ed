import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

/** What platforms send: JSON, and Slack's buttons as a form. */
const TYPES = ['application/json', 'application/x-www-form-urlencoded'];

/** Gives routes the text of a body, because a platform signs the text. Only webhooks have bodies here. */
export function keepBodies(app: NestFastifyApplication): void {
  const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  instance.removeContentTypeParser('application/json');
  instance.addContentTypeParser(TYPES, { parseAs: 'string' }, (_request, body, done) => done(null, body));
}
