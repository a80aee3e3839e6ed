import type { StorePorts } from '#libs/contract';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { InternalStoreModule } from '../../apps/store/src/http/internal-store.module.js';

export interface TestStoreService {
  readonly url: string;
  close(): Promise<void>;
}

/** The wire of the store service in this process, before these ports. @param token null: it asks for none. */
export async function serveStore(ports: Partial<StorePorts>, token: string | null = null): Promise<TestStoreService> {
  const module = InternalStoreModule.for(ports, token);
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: false });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { url: await app.getUrl(), close: () => app.close() };
}
