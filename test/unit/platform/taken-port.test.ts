import { bootstrap, Drain } from '#libs/platform';
import { Module } from '@nestjs/common';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { pino } from 'pino';

class Empty {}
Module({})(Empty);

test('a port that is taken is told in one line, with the address', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const lines: { level: number; msg: string }[] = [];
  const logger = pino(
    { base: null },
    { write: (line) => void lines.push(JSON.parse(line) as { level: number; msg: string }) },
  );
  try {
    const started = bootstrap({
      name: 'store',
      module: { module: Empty },
      host: '127.0.0.1',
      port,
      logger,
      drain: new Drain(),
      drainSeconds: 1,
      configure: () => undefined,
    });
    await expect(started).rejects.toThrow('another program listens there');
    expect(lines.filter(({ level }) => level >= 40)).toEqual([
      expect.objectContaining({
        level: 60,
        msg: `store cannot listen on 127.0.0.1:${port}: another program listens there`,
      }),
    ]);
  } finally {
    other.close();
    for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.removeAllListeners(signal);
  }
});
