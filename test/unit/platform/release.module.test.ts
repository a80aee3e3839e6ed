import { Closers, createLogger, ReleaseModule } from '#libs/platform';
import { Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

/** The order in which things end when a service with these resources closes. */
async function closing(...resources: readonly { readonly name: string; readonly fails?: boolean }[]) {
  const ended: string[] = [];
  const closers = new Closers();
  for (const { name, fails } of resources) {
    closers.own(name, () => {
      ended.push(name);
      if (fails) throw new Error(`${name} does not close`);
    });
  }
  class Worker implements OnModuleDestroy {
    onModuleDestroy(): void {
      ended.push('module');
    }
  }
  @Module({})
  class Root {}
  const imports = [ReleaseModule.for(closers, createLogger({ service: 'test', level: 'silent', pretty: false }))];
  const root = { module: Root, imports, providers: [Worker] };
  const app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), { logger: false });
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onClose', async () => void ended.push('server'));
  await app.listen({ host: '127.0.0.1', port: 0 });
  await app.close();
  return { ended, failures: await closers.closeAll() };
}

describe('ReleaseModule', () => {
  test('resources close last, behind the modules and the server, in reverse order', async () => {
    const { ended, failures } = await closing({ name: 'first' }, { name: 'second' });
    expect(ended).toEqual(['module', 'server', 'second', 'first']);
    expect(failures).toEqual([]);
  });

  test('one that fails keeps neither the others nor the application from closing, and is told again when asked', async () => {
    const { ended, failures } = await closing({ name: 'first' }, { name: 'second', fails: true });
    expect(ended).toEqual(['module', 'server', 'second', 'first']);
    expect(failures).toMatchObject([{ message: 'second does not close' }]);
  });
});
