import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { askersOf, exportsOf } from '../support/front-doors.js';

const root = join(import.meta.dirname, '../..');
const FOLDERS = ['apps', 'libs', 'bench', 'fuzz', 'test'];

/** What front doors have for tests alone: twins in memory, and what tests take apart. */
const FOR_TESTS = [
  'agent AgentPorts',
  'bus MemoryRunLog',
  'bus MemoryRunQueue',
  'bus memoryApprovalMemory',
  'bus memoryChatDesk',
  'bus memoryConversationLock',
  'bus memoryCredentialVault',
  'bus memoryIdempotency',
  'bus memoryLeases',
  'bus memoryLiveHub',
  'bus memoryPersistQueue',
  'bus memoryRunLog',
  'bus memoryRunQueue',
  'bus memorySessionTurns',
  'bus memorySpendLedger',
  'bus memoryWorkerRegistry',
  'bus redisLiveHub',
  'config Environment',
  'config VARIABLES',
  'delivery Parcel',
  'history joinConversation',
  'history messagesOf',
  'platform MetricSpec',
  'protocols Encoded',
  'protocols defineProtocol',
  'protocols unpackSummary',
  'providers demoProvider',
  'runs tailRun',
  'schedule Schedule',
  'store MIGRATIONS',
  'store SqlValue',
  'store deleteSession',
  'store forkSession',
  'store getRun',
  'store getSession',
  'store getTurns',
  'store listRuns',
  'store listSessions',
  'store markRunDeleted',
  'store renameSession',
  'tools McpServerSettings',
  'tools ToolSettings',
];

test('a front door exports what somebody asks for, and what only tests ask for is on a list', () => {
  const askers = askersOf(root, FOLDERS);
  const exported = exportsOf(root);
  expect(exported.length).toBeGreaterThan(300);
  expect(exported.filter((name) => !askers.has(name))).toEqual([]);
  expect(exported.filter((name) => askers.get(name) === 'test').sort()).toEqual([...FOR_TESTS].sort());
});

test('an export that nobody asks for is found, however the others are asked for', () => {
  const tree = mkdtempSync(join(tmpdir(), 'talaria-doors-'));
  const files = {
    'libs/a/src/index.ts':
      "export { one, two as second, late } from './x.js';\nexport type { Typed, Lost } from './y.js';\n",
    'apps/b/main.ts':
      "import { type Typed, one as first } from '#libs/a';\nconst { late: l } = await import('#libs/a');\n",
    'test/c.test.ts': "import { second } from '#libs/a';\n",
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    writeFileSync(join(tree, name), text);
  }
  const askers = askersOf(tree, ['apps', 'libs', 'test']);
  const found = exportsOf(tree).map((name) => `${name}: ${askers.get(name)}`);
  rmSync(tree, { recursive: true });
  expect(found).toEqual([
    'a one: program',
    'a second: test',
    'a late: program',
    'a Typed: program',
    'a Lost: undefined',
  ]);
});
