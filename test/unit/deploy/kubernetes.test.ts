import { readConfig, VARIABLES } from '#libs/config';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { projectRoot } from '../../support/project-root.js';

/** The manifests in deploy/kubernetes, as kubectl renders them, against the code. */
const DEPLOY = join(projectRoot(), 'deploy');
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const withKubectl = hasKubectl ? describe : describe.skip;

interface Named {
  readonly name: string;
}
interface EnvEntry extends Named {
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
}
interface Container extends Named {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly EnvEntry[];
  readonly envFrom: readonly { readonly configMapRef: Named }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [probe: `${string}Probe`]:
    { readonly httpGet: { readonly path: string; readonly port: string } } | undefined;
}
interface PodSpec {
  readonly containers: readonly [Container];
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumes: readonly Named[];
}
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
}

function render(folder: string): Manifest[] {
  const text = execFileSync('kubectl', ['kustomize', join(DEPLOY, 'kubernetes', folder)], { encoding: 'utf8' });
  return parseAllDocuments(text).map((document) => document.toJSON() as Manifest);
}

const podOf = ({ spec }: Manifest): PodSpec => (spec['template'] as { spec: PodSpec }).spec;
const selectorOf = ({ spec }: Manifest): unknown => spec['selector'];
const variables = new Set<string>(VARIABLES.map(({ name }) => name));
const PORT_VARIABLES = [
  'API_SERVER_PORT',
  'WORKER_HEALTH_PORT',
  'SCHEDULER_HEALTH_PORT',
  'STORE_PORT',
  'MESSENGER_PORT',
];

withKubectl.each([['base'], ['example']])('deploy/kubernetes/%s', (folder) => {
  const all = hasKubectl ? render(folder) : [];
  const of = (kind: string): Manifest[] => all.filter((manifest) => manifest.kind === kind);
  const deployments = of('Deployment');
  const settings = of('ConfigMap').find(({ metadata }) => metadata.name === 'talaria-settings')?.data ?? {};

  test('every object of Kubernetes itself is one by its schema', async () => {
    const own = all.filter(({ apiVersion }) => !/keda\.sh|monitoring\.coreos\.com/.test(apiVersion));
    for (const manifest of own) {
      const { apiVersion, kind } = manifest;
      const path = apiVersion.replace(/\.k8s\.io/, '.k8s.io');
      const module = (await import(`kubernetes-models/${path}/${kind}`)) as Record<
        string,
        (new (data: unknown) => { validate(): void }) | undefined
      >;
      const Model = module[kind];
      expect(Model).toBeDefined();
      // Throws an error that names the field.
      if (Model) new Model(manifest).validate();
    }
  });

  test('services listen where their settings say, and start what there is', () => {
    expect(deployments.map(({ metadata }) => metadata.name).sort()).toEqual(
      ['api', 'scheduler', 'store', 'worker'].map((name) => `talaria-${name}`),
    );
    for (const deployment of deployments) {
      const [container] = podOf(deployment).containers;
      const service = deployment.metadata.name.replace('talaria-', '');
      expect(container.args).toEqual([`dist/apps/${service}/src/main.js`]);
      expect(existsSync(join(projectRoot(), `apps/${service}/src/main.ts`))).toBe(true);
      const [port] = container.ports;
      const set = container.env.find(({ name }) => PORT_VARIABLES.includes(name));
      expect([service, set?.value]).toEqual([service, String(port?.containerPort)]);
      // The number that everybody knows from the documents.
      const variable = VARIABLES.find(({ name }) => name === set?.name);
      expect(variable && 'default' in variable && variable.default).toBe(set?.value);
      const target = of('Service').find(({ metadata }) => metadata.name === deployment.metadata.name);
      expect(target?.spec['ports']).toEqual([{ name: 'http', port: port?.containerPort, targetPort: 'http' }]);
      expect(selectorOf(deployment)).toEqual({ matchLabels: selectorOf(target as Manifest) });
    }
  });

  test('every variable is a setting, and together they start: the address of the store, too', () => {
    for (const deployment of deployments) {
      const [{ env, envFrom }] = podOf(deployment).containers;
      expect(envFrom).toEqual([{ configMapRef: { name: 'talaria-settings' } }]);
      const names = [...env.map(({ name }) => name), ...Object.keys(settings)];
      expect([deployment.metadata.name, names.filter((name) => !variables.has(name))]).toEqual([
        deployment.metadata.name,
        [],
      ]);
      const values: Record<string, string> = { ...settings };
      const secret = 'a'.repeat(8) + deployment.metadata.name.slice(8) + 'b1c2d3e4f5a6b7c8';
      const texts: Record<string, string> = {
        REDIS_URL: 'redis://redis:6379',
        DATABASE_URL: 'postgres://u:p@db:5432/talaria',
        OPENAI_BASE_URL: 'http://models.example.com/v1',
        API_KEYS: `ann:${secret}k`,
      };
      for (const { name, value } of env) values[name] = value ?? texts[name] ?? `${secret}${name.length}${name[0]}`;
      delete values['TALARIA_CONFIG'];
      delete values['WEBHOOK_SECRET'];
      const { config } = readConfig(values, () => undefined as never);
      expect(new URL(config.store.url).hostname).toBe('talaria-store');
      expect(Number(new URL(config.store.url).port)).toBe(8645);
    }
  });

  test('probes ask what there is; startup looks at nothing that a neighbour could lack', () => {
    for (const deployment of deployments) {
      const [container] = podOf(deployment).containers;
      const paths = ['startup', 'liveness', 'readiness'].map((what) => container[`${what}Probe`]?.httpGet.path);
      expect(paths).toEqual(['/health/startup', '/health/live', '/health/ready']);
    }
  });

  test('a pod has the time that its service takes to leave', () => {
    const { config } = readConfig(settings, () => undefined as never);
    for (const deployment of deployments) {
      const service = deployment.metadata.name.replace('talaria-', '');
      const drain = service === 'api' || service === 'worker' ? config.api.drainSeconds : 10;
      const delay = service === 'api' || service === 'store' ? config.api.drainDelaySeconds : 2;
      expect(podOf(deployment).terminationGracePeriodSeconds).toBeGreaterThanOrEqual(delay + drain + 5);
    }
  });

  test('nothing runs as root, writes its image, or has more rights than it needs', () => {
    for (const deployment of deployments) {
      const pod = podOf(deployment);
      const [container] = pod.containers;
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(container.securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      const uid = /^USER (\d+):/m.exec(readFileSync(join(projectRoot(), 'Dockerfile'), 'utf8'))?.[1];
      expect(String(pod.securityContext['runAsUser'])).toBe(uid);
      const mounted = container.volumeMounts.map(({ name }) => name).sort();
      expect(mounted).toEqual(pod.volumes.map(({ name }) => name).sort());
    }
  });

  test('no secret stands in a manifest, and only what may be read is given to each service', () => {
    expect(of('Secret')).toEqual([]);
    const secrets = new Set<string>(VARIABLES.flatMap((row) => ('secret' in row ? [row.name] : [])));
    for (const deployment of deployments) {
      const [{ env }] = podOf(deployment).containers;
      const plain = env.filter(({ name, value }) => secrets.has(name) && value !== undefined);
      expect(plain).toEqual([]);
      const has = (name: string): boolean => env.some((entry) => entry.name === name);
      const service = deployment.metadata.name.replace('talaria-', '');
      expect([service, has('DATABASE_URL')]).toEqual([service, service === 'store']);
      expect([service, has('OPENAI_API_KEY')]).toEqual([service, service === 'worker']);
      expect([service, has('API_SERVER_KEY')]).toEqual([service, service === 'api']);
    }
  });

  test('what selects pods selects some', () => {
    const labels = deployments.map(({ spec }) => (spec['template'] as Manifest).metadata.labels ?? {});
    const matches = (wanted: Readonly<Record<string, string>>): boolean =>
      labels.some((one) => Object.entries(wanted).every(([name, value]) => one[name] === value));
    for (const { spec, metadata } of of('PodDisruptionBudget')) {
      expect([
        metadata.name,
        matches((spec['selector'] as { matchLabels: Record<string, string> }).matchLabels),
      ]).toEqual([metadata.name, true]);
    }
    for (const { spec, metadata } of of('NetworkPolicy')) {
      const { matchLabels } = spec['podSelector'] as { matchLabels: Record<string, string> };
      expect([metadata.name, matches(matchLabels)]).toEqual([metadata.name, true]);
    }
    const names = deployments.map(({ metadata }) => metadata.name);
    for (const { spec } of [...of('HorizontalPodAutoscaler'), ...of('ScaledObject')]) {
      const { name } = spec['scaleTargetRef'] as Named;
      expect(names).toContain(name);
      // Two that count replicas would fight.
      expect(deployments.find(({ metadata }) => metadata.name === name)?.spec['replicas']).toBeUndefined();
    }
  });
});

withKubectl('components', () => {
  const all = hasKubectl ? render('example') : [];

  test('the ingress buffers nothing and holds nobody to one replica', () => {
    const [ingress] = all.filter(({ kind }) => kind === 'Ingress');
    const { annotations = {} } = (ingress?.metadata ?? {}) as { annotations?: Record<string, string> };
    expect(annotations['nginx.ingress.kubernetes.io/proxy-buffering']).toBe('off');
    expect(Object.keys(annotations).filter((name) => /affinity|session-cookie/.test(name))).toEqual([]);
  });

  test('KEDA takes a missing number for missing', () => {
    const [scaled] = all.filter(({ kind }) => kind === 'ScaledObject');
    const triggers = scaled?.spec['triggers'] as { type: string; metadata: Record<string, string> }[];
    expect(triggers.map(({ type }) => type)).toEqual(['prometheus', 'prometheus']);
    for (const { metadata } of triggers) expect(metadata['ignoreNullValues']).toBe('false');
  });

  test('the rules of the operator are those of deploy/monitoring', () => {
    const [rules] = all.filter(({ kind }) => kind === 'PrometheusRule');
    const plain = parse(readFileSync(join(DEPLOY, 'monitoring/rules.yaml'), 'utf8')) as { groups: unknown };
    expect(rules?.spec['groups']).toEqual(plain.groups);
  });

  test('the scrape goes to a port and a path that there are', () => {
    const [monitor] = all.filter(({ kind }) => kind === 'ServiceMonitor');
    const [endpoint] = monitor?.spec['endpoints'] as { port: string; path: string }[];
    expect(endpoint).toMatchObject({ port: 'http', path: '/metrics' });
  });
});

test('docs/kubernetes.md names every secret that the manifests want, and no other', () => {
  const text = readFileSync(join(projectRoot(), 'docs/kubernetes.md'), 'utf8');
  const files = ['api', 'worker', 'scheduler', 'store'].map((name) => `kubernetes/base/${name}.yaml`);
  const wanted = new Set(
    [...files, 'kubernetes/components/messenger/messenger.yaml'].flatMap((file) => {
      const yaml = readFileSync(join(DEPLOY, file), 'utf8');
      return [...yaml.matchAll(/secretKeyRef: \{ name: ([\w-]+), key: ([\w-]+)/g)].map(
        ([, name, key]) => `${name}/${key}`,
      );
    }),
  );
  const named = [...text.matchAll(/^\| `(talaria-[\w-]+)` \| `([\w-]+)`/gm)].map(([, name, key]) => `${name}/${key}`);
  expect(named.sort()).toEqual([...wanted].sort());
});
