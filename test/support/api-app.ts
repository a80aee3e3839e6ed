import { loadConfig, type Environment } from '#libs/config';
import { Closers, createLogger, Drain } from '#libs/platform';
import type { Protocol } from '#libs/protocols';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { ApiModule, type Api } from '../../apps/api/src/api.module.js';

export interface TestApi {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly drain: Drain;
  readonly routes: Api['routes'];
  close(): Promise<void>;
}

/**
 * The API in this process, on a free port, as main.ts starts it; settings as environment variables.
 * @param file what stands in the settings file
 */
export async function startApi(env: Environment, protocols?: readonly Protocol[], file?: string): Promise<TestApi> {
  // Tests play the worker without announcing one.
  const config = loadConfig(
    { TALARIA_CONFIG: file === undefined ? '' : 'talaria.yaml', LOG_LEVEL: 'silent', NO_WORKER_SECONDS: '0', ...env },
    () => file,
  );
  const closers = new Closers();
  const drain = new Drain();
  const logger = createLogger({ service: 'api', ...config.log });
  const parts = { config, logger, closers, drain, version: 'test' };
  const api = ApiModule.start(parts, protocols);
  const adapter = new FastifyAdapter({ forceCloseConnections: true, ...api.fastify } as object);
  const app = await NestFactory.create<NestFastifyApplication>(api.module, adapter, {
    logger: false,
    abortOnError: false,
    bodyParser: false,
  });
  api.configure(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    app,
    drain,
    routes: api.routes,
    async close() {
      await app.close();
      const failures = await closers.closeAll();
      if (failures.length > 0) throw new AggregateError(failures, 'a resource of the API did not close');
    },
  };
}
