import type { BullQueue } from '#libs/bus';
import { GatewayError } from '#libs/contract';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance } from 'fastify';
import type { ErrorReplies } from '../edge/error-reply.js';
import { sendError } from '../edge/error.filter.js';
import { DASHBOARD_PATH } from '../edge/auth/operators.js';

type ServerAdapter = Parameters<typeof createBullBoard>[0]['serverAdapter'];

export interface QueueDashboard {
  readonly queues: readonly BullQueue[];
  /** false: the dashboard only shows jobs. */
  readonly mayWrite: boolean;
  readonly replies: ErrorReplies;
}

const ANSWER_MS_MAX = 5_000;
const tooLate = (): GatewayError =>
  new GatewayError('queue_unavailable', 'The queues cannot be read right now.', { retryAfterSeconds: 2 });
const readOnly = (): GatewayError =>
  new GatewayError('forbidden', 'The dashboard is read-only. QUEUE_DASHBOARD_WRITE=true lets it change jobs.');

/**
 * Bull Board, registered under DASHBOARD_PATH. Its routes are marked as admin routes where they are registered, and the
 * edge requires the token before any of them is reached. Jobs carry only run ids and no content (docs/adr/0003).
 */
export async function addQueueDashboard(
  scope: FastifyInstance,
  { queues, mayWrite, replies }: QueueDashboard,
): Promise<void> {
  const server = new FastifyAdapter();
  server.setBasePath(DASHBOARD_PATH);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: !mayWrite, allowRetries: mayWrite })),
    // The adapter's package may bring a copy of @bull-board/api whose patch version differs; the interface does not.
    serverAdapter: server as object as ServerAdapter,
    options: { uiConfig: { boardTitle: 'Talaria queues' } },
  });
  server.setErrorHandler((cause) => {
    // Its handlers only read the queues, so an error without its own status comes from Redis.
    const shown = cause instanceof GatewayError || 'statusCode' in cause ? cause : tooLate();
    const { status, body } = replies.replyTo(shown, { path: DASHBOARD_PATH, id: '' });
    return { status: status as 500, body: body as object };
  });
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, operators: 'admin' };
  });
  // The page hides these actions, and this hook also refuses their requests, however the dashboard's routes treat them.
  scope.addHook('preParsing', async (request) => {
    if (!mayWrite && request.method !== 'GET' && request.method !== 'HEAD') throw readOnly();
  });
  // BullMQ waits for an unreachable Redis without a limit; a page must not.
  scope.addHook('preHandler', async (request, reply) => {
    const late = setTimeout(() => sendError(replies, tooLate(), { request, reply }), ANSWER_MS_MAX);
    reply.raw.once('close', () => clearTimeout(late));
  });
  await scope.register(server.registerPlugin());
}
