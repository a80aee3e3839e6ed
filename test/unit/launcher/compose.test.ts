import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadConfig, VARIABLES } from '#libs/config';
import { composeText, filledIn, readCompose, type ComposeService } from '../../support/compose.js';

const text = composeText();
const compose = readCompose();
const services = Object.entries(compose.services);
const SECOND = ['api', 'worker', 'scheduler', 'store'];
const OURS = ['api', 'worker', 'scheduler', 'store', 'messenger'];
const ours = services.filter(([name]) => OURS.includes(name));
const known = new Set<string>(VARIABLES.map(({ name }) => name));

describe('docker-compose.yml', () => {
  test('has our services, Redis and Postgres', () => {
    const scaled = [...SECOND.map((name) => `${name}2`), 'proxy'];
    expect(services.map(([name]) => name).sort()).toEqual([...OURS, ...scaled, 'postgres', 'redis'].sort());
  });

  test('a second of each, and the proxy in front, come with a profile; the proxy knows both', () => {
    for (const name of SECOND) {
      const [first, second] = [compose.services[name], compose.services[`${name}2`]];
      const { profiles, ports, networks, ...same } = second as ComposeService & { profiles: string[] };
      expect([name, profiles, ports ?? []]).toEqual([name, ['scaled'], []]);
      expect(first).toMatchObject(same);
      expect(networks).toBeDefined();
    }
    const config = readFileSync('deploy/nginx/nginx.conf', 'utf8');
    const upstreams = [...config.matchAll(/^ {4}server ([\w:]+);$/gm)].map(([, server]) => server);
    const port = compose.services['api']?.environment?.['API_SERVER_PORT'];
    expect(upstreams).toEqual([`api:${port}`, `api2:${port}`]);
    expect(config).toContain('proxy_buffering off;');
    expect(config).not.toContain('proxy_next_upstream');
    const bound = VARIABLES.find(({ name }) => name === 'MAX_BODY_BYTES');
    expect(config).toContain(`client_max_body_size ${Number(bound && 'default' in bound && bound.default) / 1e6}m;`);
  });

  test.each(services)('%s is hardened, watched and restarted', (_name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], restart: 'unless-stopped' });
    expect(service.security_opt).toContain('no-new-privileges:true');
    expect(service.healthcheck?.test.length).toBeGreaterThan(1);
    expect(filledIn(service.stop_grace_period ?? '', {})).toMatch(/^\d+s$/);
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
    const graceOf = (env: Record<string, string>): string => filledIn(service.stop_grace_period ?? '', env);
    // The delay that comes before is a variable, and so is this.
    expect(graceOf({ STOP_GRACE_PERIOD: '75s' })).toBe('75s');
    const grace = Number(graceOf({}).replace('s', ''));
    expect(grace).toBeGreaterThan(Number(service.environment?.['DRAIN_SECONDS']) + 7);
  });

  test.each(['api', 'worker', 'scheduler'])('%s is told where the store is, and its token', (name) => {
    const { STORE_URL, STORE_TOKEN } = compose.services[name]?.environment ?? {};
    expect(STORE_URL).toBe(`http://store:${compose.services['store']?.environment?.['STORE_PORT']}`);
    expect(STORE_TOKEN).toBe(compose.services['store']?.environment?.['STORE_TOKEN']);
  });

  test('who takes jobs and who runs them are told the same of webhooks and queues, and the latter has a way out', () => {
    const { api, scheduler } = compose.services;
    for (const name of ['WEBHOOK_SECRET', 'WEBHOOK_ALLOWED_HOSTS', 'MAX_QUEUED', 'MAX_QUEUED_PER_KEY']) {
      expect(scheduler?.environment?.[name]).toBe(`\${${name}:-}`);
      expect(api?.environment?.[name]).toBe(`\${${name}:-}`);
    }
    expect(scheduler?.networks).toEqual(['default', 'data']);
  });

  test.each(['worker', 'scheduler'])('the metrics of %s are heard outside its container', (name) => {
    expect(compose.services[name]?.environment?.['HEALTH_HOST']).toBe('0.0.0.0');
  });

  test.each(ours)('%s may be given a settings file and what that names, and starts without them', (_name, service) => {
    const [settings] = service.volumes ?? [];
    const workdir = /^WORKDIR (.*)$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1];
    const read: string[] = [];
    loadConfig({}, (path) => void read.push(path));
    const target = `${workdir}/${read[0]}`;
    expect(settings).toMatchObject({ type: 'bind', target, read_only: true, bind: { create_host_path: false } });
    expect(filledIn(String((settings as { source: string }).source), {})).toBe('/dev/null');
    expect(service.env_file).toEqual([{ path: 'talaria.env', required: false }]);
  });

  test.each(services)('%s has limits that an operator can set', (_name, service) => {
    expect(service.mem_limit).toMatch(/^\$\{[A-Z_]+_MEMORY:-\d+[gm]\}$/);
    expect(service.pids_limit).toMatch(/^\$\{[A-Z_]*PIDS_MAX:-\d+\}$/);
  });

  test('Redis refuses writes before it is killed for its memory', () => {
    const { command = [], mem_limit: limit = '' } = compose.services['redis'] ?? {};
    const most = /--maxmemory (\d+)gb /.exec(filledIn(command.join(' '), {}))?.[1];
    expect(Number(most)).toBeLessThanOrEqual(Number.parseInt(filledIn(limit, {})) / 2);
  });

  test('asks the operator for nothing that nobody reads, and insists on the secrets', () => {
    const asked = [...text.matchAll(/\$\{([A-Z_]+)/g)].map((match) => match[1] ?? '');
    const outside =
      /^(POSTGRES_PASSWORD|REDIS_PASSWORD|REDIS_MAXMEMORY|STOP_GRACE_PERIOD|TALARIA_VERSION|PROXY_PORT|[A-Z]+_MEMORY|(WORKER_)?PIDS_MAX)$/;
    expect(asked.filter((name) => !known.has(name) && !outside.test(name))).toEqual([]);
    for (const secret of ['API_SERVER_KEY', 'STORE_TOKEN', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD']) {
      expect(text.match(new RegExp(`\\$\\{${secret}(?!:\\?)`, 'g'))).toBeNull();
      expect(text).toContain(`\${${secret}:?`);
    }
  });

  test('passes every setting on that a deployment of containers leaves open', () => {
    // Addresses and folders of the containers, and what stands in the file itself.
    const fixed = /^(TALARIA_|API_SERVER_(HOST|PORT|ALLOWED_HOSTS)|STORE_|HEALTH_HOST|\w+_HEALTH_PORT|MESSENGER_PORT)/;
    const made = /^(REDIS_URL|DATABASE_URL|DRAIN_SECONDS|WORKSPACE_DIR|LOG_PRETTY)$/;
    const open = [...known].filter((name) => !name.endsWith('_FILE') && !fixed.test(name) && !made.test(name));
    expect(open.filter((name) => !text.includes(`\${${name}`))).toEqual([]);
  });

  test('opens one port, and with the profile that of the proxy, on this machine only', () => {
    const opened = services.flatMap(([, service]) => service.ports ?? []);
    expect(opened.map((port) => filledIn(port, {}))).toEqual(['127.0.0.1:8642:8642', '127.0.0.1:8640:8080']);
    expect(compose.networks['data']?.internal).toBe(true);
    for (const name of ['redis', 'postgres', 'store']) expect(compose.services[name]?.networks).toEqual(['data']);
  });

  test('who shows the files of sessions has the folder of those who write them', () => {
    const data = (name: string): unknown =>
      compose.services[name]?.volumes?.find((one) => String(one).endsWith(':/data'));
    expect(data('worker')).toBe('workspaces:/data');
    for (const name of ['worker2', 'api', 'api2']) expect([name, data(name)]).toEqual([name, data('worker')]);
  });

  test('the headers of the collector, often a token, are given to those that send traces', () => {
    const given = ours.filter(([, { environment }]) => environment?.['OTEL_EXPORTER_OTLP_HEADERS'] !== undefined);
    expect(given.map(([name]) => name)).toEqual(['api', 'worker', 'scheduler']);
  });

  test('keeps the data of Redis and Postgres', () => {
    const redis = compose.services['redis']?.command?.join(' ') ?? '';
    expect(redis).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/s);
    const volumes = services.flatMap(([, service]) => service.volumes ?? []);
    const kept = volumes.flatMap((volume) => (typeof volume === 'string' ? [volume.split(':')[0]] : []));
    expect([...new Set(kept)].sort()).toEqual(Object.keys(compose.volumes).sort());
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
    const folders = ['libs', 'apps', 'scripts'];
    expect(sources).toEqual(['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', ...folders]);
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
    const bases = dockerfile.filter((line) => line.startsWith('FROM ')).map((line) => line.split(/[ @]/)[1]);
    expect(new Set(bases)).toEqual(new Set(['node:24-slim']));
    expect(
      dockerfile.filter((line) => /npm (ci|prune)/.test(line)).every((line) => line.includes('--ignore-scripts')),
    ).toBe(true);
  });
});
