import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'yaml';
import { VARIABLES } from '#libs/config';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly user?: string;
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
}

const text = readFileSync('docker-compose.yml', 'utf8');
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: Record<string, { internal?: boolean }>;
};
const services = Object.entries(compose.services);
const OURS = ['api', 'worker', 'scheduler', 'store'];
const ours = services.filter(([name]) => OURS.includes(name));
const known = new Set<string>(VARIABLES.map(({ name }) => name));

describe('docker-compose.yml', () => {
  test('has the four services, Redis and Postgres', () => {
    expect(services.map(([name]) => name).sort()).toEqual([...OURS, 'postgres', 'redis'].sort());
  });

  test.each(services)('%s is hardened, watched and restarted', (_name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], restart: 'unless-stopped' });
    expect(service.security_opt).toContain('no-new-privileges:true');
    expect(service.healthcheck?.test.length).toBeGreaterThan(1);
    expect(service.stop_grace_period).toMatch(/^\d+s$/);
  });

  test.each(services)('%s waits only for services that say when they are healthy', (_name, service) => {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services[other]?.healthcheck).toBeDefined();
      expect(['service_healthy', 'service_started']).toContain(condition);
    }
  });

  test.each(ours)('%s runs from the one image, on an entry that is built', (name, service) => {
    expect(service.image).toBe(compose.services['api']?.image);
    expect(service.command).toEqual([`dist/apps/${name}/src/main.js`]);
    expect(existsSync(`apps/${name}/src/main.ts`)).toBe(true);
  });

  test.each(ours)('%s is given only settings that exist', (_name, service) => {
    expect(Object.keys(service.environment ?? {}).filter((name) => !known.has(name))).toEqual([]);
  });

  test.each(ours)('%s is asked for its health on the port it has', (_name, service) => {
    const port = /127\.0\.0\.1:(\d+)\/health\/ready/.exec(service.healthcheck?.test.join(' ') ?? '')?.[1];
    expect(Object.values(service.environment ?? {})).toContain(port);
  });

  test.each(ours)('%s is healthy when it is ready, and not otherwise', async (_name, service) => {
    const [, ...command] = service.healthcheck?.test ?? [];
    let status = 200;
    const server = createServer((_request, response) => response.writeHead(status).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const args = command.slice(1).map((part) => part.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`));
    const check = async (): Promise<unknown> => (await once(spawn(process.execPath, args), 'exit'))[0];
    expect([command[0], await check()]).toEqual(['node', 0]);
    status = 503;
    expect(await check()).toBe(1);
    await new Promise((resolve) => server.close(resolve));
    expect(await check()).toBe(1);
  });

  test.each(ours)('%s may take longer to stop than it drains', (_name, service) => {
    const grace = Number(service.stop_grace_period?.replace('s', ''));
    expect(grace).toBeGreaterThan(Number(service.environment?.['DRAIN_SECONDS']) + 7);
  });

  test('asks the operator for nothing that nobody reads, and insists on the secrets', () => {
    const asked = [...text.matchAll(/\$\{([A-Z_]+)/g)].map((match) => match[1] ?? '');
    const outside = ['POSTGRES_PASSWORD', 'TALARIA_VERSION'];
    expect(asked.filter((name) => !known.has(name) && !outside.includes(name))).toEqual([]);
    for (const secret of ['API_SERVER_KEY', 'STORE_TOKEN', 'POSTGRES_PASSWORD']) {
      expect(text.match(new RegExp(`\\$\\{${secret}(?!:\\?)`, 'g'))).toBeNull();
      expect(text).toContain(`\${${secret}:?`);
    }
  });

  test('opens one port, on this machine only', () => {
    expect(services.flatMap(([, service]) => service.ports ?? [])).toEqual(['127.0.0.1:8642:8642']);
    expect(compose.networks['data']?.internal).toBe(true);
    for (const name of ['redis', 'postgres', 'store']) expect(compose.services[name]?.networks).toEqual(['data']);
  });

  test('keeps the data of Redis and Postgres', () => {
    const redis = compose.services['redis']?.command?.join(' ') ?? '';
    expect(redis).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
    const kept = services.flatMap(([, service]) => service.volumes ?? []).map((volume) => volume.split(':')[0]);
    expect(kept.sort()).toEqual(Object.keys(compose.volumes).sort());
  });
});

describe('the image', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8').split('\n');
  const allowed = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'));
  const sources = dockerfile
    .filter((line) => /^COPY (?!--from)/.test(line))
    .flatMap((line) => line.split(' ').slice(1, -1));

  test('copies what is there and what reaches the builder', () => {
    expect(sources).toEqual([
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'libs',
      'apps',
    ]);
    expect(sources.filter((path) => !existsSync(path))).toEqual([]);
    expect(allowed.map((line) => line.slice(1)).sort()).toEqual([...sources].sort());
  });

  test('runs without root, and starts what the sources compile to', () => {
    const last = (word: string): string => dockerfile.findLast((line) => line.startsWith(`${word} `)) ?? '';
    expect(last('USER')).toBe('USER 10001:10001');
    expect(last('ENTRYPOINT')).toBe('ENTRYPOINT ["node"]');
    const entry = /^CMD \["dist\/(.*)\.js"]$/.exec(last('CMD'))?.[1] ?? 'none';
    expect(existsSync(`${entry}.ts`)).toBe(true);
  });

  test('has the same Node.js in both stages, and installs without scripts', () => {
    const bases = dockerfile.filter((line) => line.startsWith('FROM ')).map((line) => line.split(' ')[1]);
    expect(new Set(bases)).toEqual(new Set(['node:24-slim']));
    expect(
      dockerfile.filter((line) => /npm (ci|prune)/.test(line)).every((line) => line.includes('--ignore-scripts')),
    ).toBe(true);
  });
});
