import { weakSecrets } from '#libs/config';
import { HealthModule, Metrics, ReleaseModule } from '#libs/platform';
import { checkProtocols, PROTOCOLS, type Protocol } from '#libs/protocols';
import { Module, type DynamicModule } from '@nestjs/common';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions } from 'fastify';
import type { Server } from 'node:http';
import { AccountsModule } from './accounts/accounts.module.js';
import { ContinueRun } from './answering/continue-run.js';
import { CreateRun } from './answering/create-run.js';
import { preparationsOf } from './answering/preparations.js';
import { protocolRoute } from './answering/protocol.controller.js';
import { ProtocolsModule } from './answering/protocols.module.js';
import { SubRoutes } from './answering/sub-routes.js';
import { buildCore } from './core/api-core.js';
import { connectPorts, type ApiParts, type ApiPorts } from './core/api-ports.js';
import { ApiDocument } from './docs/api-document.js';
import { DocsModule } from './docs/docs.module.js';
import { ApiMeters } from './edge/api-meters.js';
import { apiHostCheck } from './edge/auth/allowed-hosts.js';
import { FailedLogins } from './edge/auth/failed-logins.js';
import { KeyRing } from './edge/auth/key-ring.js';
import { decorateOwner } from './edge/auth/request-owner.js';
import { Cors } from './edge/cors.js';
import { acceptJsonOnly, edgeHook } from './edge/edge.js';
import { EdgeModule } from './edge/edge.module.js';
import { ErrorReplies } from './edge/error-reply.js';
import { protocolHeaderNames, protocolHeaders } from './edge/protocol-headers.js';
import { traced, watchRequests } from './edge/request-watch.js';
import { RouteTable } from './edge/route-table.js';
import { ignoreExpectations, serverOptions } from './edge/server-options.js';
import { FilesModule } from './files/files.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { ModelsModule } from './models/models.module.js';
import { addDashboard, operatorDoors, OperatorsModule, type ReportParts } from './operators/operators.module.js';
import { PagesModule } from './pages/pages.module.js';
import { RESPONSE_PATHS, responsePreparation } from './responses/response-preparation.js';
import type { ReceivingBudget } from './receiving/receiving-budget.js';
import { ResponsesModule } from './responses/responses.module.js';
import { ResponseSockets } from './responses/socket/response-sockets.js';
import { RunList } from './runs/run-list.js';
import { RunsModule } from './runs-api/runs.module.js';
import { ToolsModule } from './tools/tools.module.js';
import { watchUpstreams } from './upstreams/upstream-meters.js';
import { openUpstreamDesk, UpstreamsModule } from './upstreams/upstreams.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';
import { SessionsModule } from './sessions/sessions.module.js';

/** What `bootstrap` needs to run the API. */
export interface Api {
  readonly module: DynamicModule;
  readonly fastify: FastifyHttpOptions<Server>;
  readonly routes: RouteTable;
  configure(app: NestFastifyApplication): void;
}

/** What this process counts about itself. */
interface Counting {
  readonly metrics: Metrics;
  readonly meters: ApiMeters;
}

/** Root of the API. Nothing here waits: the API starts while Redis is away, and answers 503 until Redis is back. */
@Module({})
export class ApiModule {
  /** @param spoken the protocols that this API speaks. */
  static start(parts: ApiParts, spoken: readonly Protocol[] = PROTOCOLS): Api {
    const metrics = new Metrics({ service: 'api', version: parts.version, isDraining: () => parts.drain.draining });
    const meters = new ApiMeters(metrics);
    return assembleApi(parts, connectPorts(parts, meters), { metrics, meters }, spoken);
  }
}

/**
 * The API over any ports: Redis in production, memory in tests. The `imports` are its table of contents.
 * @param spoken the protocols that this API speaks.
 */
export function assembleApi(parts: ApiParts, ports: ApiPorts, counting: Counting, spoken: readonly Protocol[]): Api {
  const { config, logger, closers, drain, version } = parts;
  const { meters } = counting;
  checkProtocols(spoken);
  const core = buildCore(parts, ports, meters);
  meters.watch(core);
  const preparation = responsePreparation(core, ports);
  const createRun = new CreateRun({
    ...core,
    preparations: new Map([...preparationsOf(spoken, core), ...preparation.byProtocol]),
  });
  const replies = new ErrorReplies(spoken, logger, (...error) => meters.errorAnswered(...error));
  const report = { ...parts, ...ports, ...counting };
  const upstreams = openUpstreamDesk(parts, ports, core.models);
  watchUpstreams(counting.metrics, upstreams);
  const protocols = spoken.map(protocolRoute);
  const module: DynamicModule = {
    module: ApiModule,
    imports: [
      EdgeModule.for(replies),
      ProtocolsModule.for(protocols, new ContinueRun(createRun, core, new RunList(ports)), new SubRoutes(core)),
      ResponsesModule.for(core, ports, { createRun, preparation }),
      RunsModule.for(core, ports, { createRun, version, protocols: spoken }),
      SessionsModule.for(core, ports),
      FilesModule.for(core, ports, config.agent.workspaceDir),
      JobsModule.for(core, ports, config.jobs),
      WebhooksModule.for(ports, config.jobs),
      ModelsModule.for(core, spoken, version),
      ToolsModule.for(core, config.tools.byKey),
      AccountsModule.for(parts, ports, core),
      DocsModule.for(protocols, version),
      PagesModule.for(),
      OperatorsModule.for(report, upstreams),
      UpstreamsModule.for(parts, ports, upstreams),
      HealthModule.forService({ checks: { redis: ports.ping }, drain }),
      ReleaseModule.for(closers, logger),
    ],
  };
  const routes = new RouteTable();
  return {
    module,
    fastify: serverOptions(replies, config.api.bodyBytesMax),
    routes,
    configure: configureWith(report, { routes, replies, spoken, receiving: core.receiving }),
  };
}

interface Wired {
  readonly routes: RouteTable;
  readonly replies: ErrorReplies;
  readonly spoken: readonly Protocol[];
  readonly receiving: ReceivingBudget;
}

function configureWith(
  report: ReportParts & Pick<ApiParts, 'tracing'>,
  { routes, replies, spoken, receiving }: Wired,
): Api['configure'] {
  const { config, logger, drain, meters, tracing } = report;
  const keys = new KeyRing(config.auth.keys);
  if (keys.isEmpty) {
    logger.warn(
      'no API key is set: every program on this machine can use the gateway and see every run. Set API_SERVER_KEY (openssl rand -hex 24).',
    );
  }
  for (const weak of weakSecrets(config)) logger.warn(`a secret can be guessed: ${weak}`);
  return (app) => {
    const adapter = app.getHttpAdapter() as FastifyAdapter;
    const instance = adapter.getInstance();
    instance.server.maxConnections = config.api.connectionsMax;
    decorateOwner(instance);
    routes.watch(instance);
    acceptJsonOnly(instance, config.api.bodyBytesMax, receiving);
    const failedLogins = new FailedLogins();
    const cors = new Cors(config.api.corsOrigins, protocolHeaderNames(spoken));
    const edge = { keys, failedLogins, isAllowedHost: apiHostCheck(config.api, logger), cors, drain };
    const operators = operatorDoors(config, edge);
    const answers = { replies, protocolHeaders: protocolHeaders(spoken), watch: watchRequests(meters, logger) };
    const hook = edgeHook({ ...edge, ...answers, routes, operators });
    adapter.setOnRequestHook(tracing ? traced(tracing, hook) : hook);
    addDashboard(instance, { ...report, replies });
    ignoreExpectations(app.getHttpServer() as Server);
    const upgrades = { ...edge, paths: RESPONSE_PATHS, messageBytesMax: config.api.bodyBytesMax };
    app.get(ResponseSockets).attach(instance, upgrades);
    app.get(ApiDocument).attach(app);
  };
}
