/** The arrows of ARCHITECTURE.md, as code. Adding an arrow is an architecture decision: change both. */
const ARROWS = {
  'libs/contract': [],
  'libs/config': ['libs/contract'],
  'libs/protocols': ['libs/contract'],
  'libs/agent': ['libs/contract'],
  'libs/providers': ['libs/contract'],
  'libs/tools': ['libs/contract'],
  'libs/bus': ['libs/contract'],
  'libs/store': ['libs/contract'],
  'libs/platform': ['libs/contract'],
  'apps/api': ['libs/contract', 'libs/config', 'libs/platform', 'libs/protocols', 'libs/bus'],
  'apps/worker': [
    'libs/contract',
    'libs/config',
    'libs/platform',
    'libs/agent',
    'libs/providers',
    'libs/tools',
    'libs/bus',
  ],
  'apps/scheduler': ['libs/contract', 'libs/config', 'libs/platform', 'libs/bus'],
  'apps/store': ['libs/contract', 'libs/config', 'libs/platform', 'libs/bus', 'libs/store'],
  'apps/launcher': ['libs/contract', 'libs/config', 'libs/platform'],
};
const PURE = '^libs/(contract|protocols|agent)/';
const NEST_LIBS = ['platform'];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(ARROWS).map(([from, allowed]) => ({
      name: `arrows-of-${from.replace('/', '-')}`,
      severity: 'error',
      from: { path: `^${from}/` },
      to: { path: '^(libs|apps)/', pathNot: [from, ...allowed].map((p) => `^${p}/`) },
    })),
    {
      name: 'every-folder-has-its-arrows',
      comment: 'a new app or lib is listed in ARROWS first',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: Object.keys(ARROWS).map((p) => `^${p}/`) },
      to: {},
    },
    {
      name: 'libs-enter-by-the-front-door',
      comment: 'another lib is imported through its index.ts only',
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: { path: '^libs/([^/]+)/src/.+', pathNot: ['^libs/[^/]+/src/index\\.ts$', '^$1/$2/'] },
    },
    {
      name: 'no-own-index-inside-a-lib',
      severity: 'error',
      from: { path: '^libs/([^/]+)/src/.+' },
      to: { path: '^libs/$1/src/index\\.ts$' },
    },
    { name: 'pure-libs-do-no-io', severity: 'error', from: { path: PURE }, to: { dependencyTypes: ['core'] } },
    {
      name: 'pure-libs-import-validators-only',
      severity: 'error',
      from: { path: PURE },
      to: { path: 'node_modules', pathNot: 'node_modules/(class-validator|class-transformer|reflect-metadata)/' },
    },
    {
      name: 'nest-stays-in-apps-and-platform',
      severity: 'error',
      from: { path: '^libs/', pathNot: NEST_LIBS.map((lib) => `^libs/${lib}/`) },
      to: { path: 'node_modules/@nestjs' },
    },
    {
      name: 'redis-stays-in-bus',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: ['^libs/bus/', '^apps/launcher/'] },
      to: { path: 'node_modules/(ioredis|bullmq)/' },
    },
    {
      name: 'sources-do-not-import-tests',
      severity: 'error',
      from: { path: '^(libs|apps)/' },
      to: { path: '^(test|bench|examples)/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
  },
};
