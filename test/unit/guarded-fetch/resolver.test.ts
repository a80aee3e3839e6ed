import { createSocket, type Socket } from 'node:dgram';
import { setMaxListeners } from 'node:events';
import { lookup } from 'node:dns/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localNames, type LocalNames } from '../../../libs/guarded-fetch/src/resolver/local-names.js';
import { LookupSlots } from '../../../libs/guarded-fetch/src/resolver/lookup-slots.js';
import { DNS_LIMITS, openResolver } from '../../../libs/guarded-fetch/src/resolver/open-resolver.js';
import { until } from '../../support/until.js';

const NO_FILES: LocalNames = { addressesOf: async () => undefined, candidatesFor: async (name) => [name] };
const NEVER = new AbortController().signal;

/**
 * A name server on loopback. It answers A questions with these addresses, NXDOMAIN to unknown names, and else
 * nothing.
 */
async function nameServer(addresses: ReadonlyMap<string, string>, isSilent: (name: string) => boolean) {
  const socket: Socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (question, from) => {
    const name = nameIn(question);
    asked.push(name);
    if (!isSilent(name)) socket.send(answerTo(question, addresses.get(name)), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, asked, close: () => socket.close() };
}

function nameIn(question: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; question[at]; at += (question[at] ?? 0) + 1) {
    labels.push(question.toString('latin1', at + 1, at + 1 + (question[at] ?? 0)));
  }
  return labels.join('.');
}

/** RFC 1035, 4.1: the question again, and one A record when it asks for one that there is. */
function answerTo(question: Buffer, address: string | undefined): Buffer {
  const end = 12 + nameIn(question).length + 2;
  const isA = question.readUInt16BE(end) === 1;
  const records = address !== undefined && isA ? [Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4])] : [];
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(address === undefined ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(records.length, 6);
  head.fill(0, 8, 12);
  const data = records.length > 0 ? Buffer.from((address ?? '').split('.').map(Number)) : Buffer.alloc(0);
  return Buffer.concat([head, question.subarray(12, end + 4), ...records, data]);
}

describe('names that somebody else chose', () => {
  let server: Awaited<ReturnType<typeof nameServer>>;
  beforeAll(async () => {
    server = await nameServer(new Map([['a.test', '93.184.216.34']]), (name) => name.endsWith('slow.test'));
  });
  beforeEach(() => void server.asked.splice(0));
  afterAll(() => server.close());

  const open = (lookupMsMax?: number) =>
    openResolver({
      servers: [server.address],
      local: NO_FILES,
      ...(lookupMsMax !== undefined && { lookupMsMax }),
    });

  test('are asked of the name server once for a moment, known or not', async () => {
    const resolve = open();
    for (let round = 0; round < 3; round++) {
      expect(await resolve('a.test', { signal: NEVER })).toEqual([{ address: '93.184.216.34', family: 4 }]);
      expect(await resolve('none.test', { signal: NEVER })).toEqual([]);
    }
    expect(server.asked.filter((name) => name === 'a.test')).toHaveLength(2); // A and AAAA
    expect(server.asked.filter((name) => name === 'none.test')).toHaveLength(2);
  });

  test('that nobody answers for hold up neither the system’s lookups nor another group, and end', async () => {
    const resolve = open(60_000);
    const leave = new AbortController();
    setMaxListeners(0, leave.signal);
    const lookups = Array.from({ length: 24 }, (_, i) =>
      resolve(`n${i}.slow.test`, { signal: leave.signal, group: 'ann' }).then(
        () => 'answered',
        (cause: unknown) => cause,
      ),
    );
    await until(() => new Set(server.asked).size === DNS_LIMITS.perGroupMax, { what: 'the first lookups' });
    // Were these the system's lookups, 24 of them, two at a time, would be before this one.
    expect(await lookup('localhost')).toMatchObject({ address: expect.any(String) as unknown });
    expect(await resolve('a.test', { signal: NEVER, group: 'bob' })).toHaveLength(1);
    expect(new Set(server.asked.filter((name) => name.includes('slow'))).size).toBe(DNS_LIMITS.perGroupMax);
    leave.abort(new Error('left'));
    expect(new Set((await Promise.all(lookups)).map(String))).toEqual(new Set(['Error: left']));
    expect(await resolve('a.test', { signal: NEVER, group: 'ann' })).toHaveLength(1);
  });

  test('that nobody answers for are unknown when their time is over', async () => {
    const resolve = open(200);
    expect(await resolve('b.slow.test', { signal: NEVER })).toEqual([]);
    const { length } = server.asked;
    expect(await resolve('b.slow.test', { signal: NEVER })).toEqual([]);
    expect(server.asked).toHaveLength(length);
  });
});

describe('what the machine itself knows', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'talaria-names-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test('is its hosts file, localhost, and the search domains', async () => {
    const [hosts, resolver] = [join(dir, 'hosts'), join(dir, 'resolv.conf')];
    writeFileSync(hosts, '# 9.9.9.9 wiki\n10.1.2.3\twiki wiki.example # ours\nfe80::1 wiki\nnot-an-address wiki\n');
    writeFileSync(resolver, 'domain old.example\nsearch a.example b.example.\noptions ndots:5\n');
    const names = localNames({ hosts, resolver });
    expect(await names.addressesOf('WIKI.')).toEqual([
      { address: '10.1.2.3', family: 4 },
      { address: 'fe80::1', family: 6 },
    ]);
    expect((await names.addressesOf('app.localhost'))?.map(({ address }) => address)).toEqual(['127.0.0.1', '::1']);
    expect(await names.addressesOf('example.com')).toBeUndefined();
    expect(await names.candidatesFor('web')).toEqual(['web.a.example', 'web.b.example', 'web']);
    expect(await names.candidatesFor('web.c')).toEqual(['web.c', 'web.c.a.example', 'web.c.b.example']);
    expect(await names.candidatesFor('web.')).toEqual(['web']);
    const none = localNames({ hosts: join(dir, 'none'), resolver: join(dir, 'none') });
    expect([await none.addressesOf('wiki'), await none.candidatesFor('wiki')]).toEqual([undefined, ['wiki']]);
  });
});

test('of what waits for room, the first whose group has some is next, and too much is refused', async () => {
  const slots = new LookupSlots({ atOnceMax: 2, perGroupMax: 1, waitingMax: 2 });
  const order: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (group: string, name: string) =>
    slots.run(group, NEVER, () => {
      order.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const runs = [run('ann', 'a1'), run('ann', 'a2'), run('bob', 'b1'), run('cat', 'c1')];
  await until(() => order.length === 2);
  expect(order).toEqual(['a1', 'b1']);
  await expect(run('dan', 'd1')).rejects.toThrow('too many names');
  ends.get('b1')?.();
  await until(() => order.length === 3);
  expect(order[2]).toBe('c1');
  ends.get('a1')?.();
  await until(() => order.length === 4);
  for (const end of ends.values()) end();
  await Promise.all(runs);
  expect(order[3]).toBe('a2');
});
