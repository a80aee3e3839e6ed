import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inherited } from '../test/support/processes.js';
import { COMPAT_FOLDER, nodeOfClients } from './install.js';
import type { Whereabouts } from './lab.js';

/** One client, as `client/clients.mjs` lists it. */
export interface Client {
  readonly name: string;
  readonly kind: 'sdk' | 'cli';
  readonly packages: readonly string[];
}

export interface Cell {
  readonly protocol: string;
  readonly feature: string;
  readonly outcome: 'yes' | 'no' | 'not offered' | 'FAILED';
  readonly note: string;
}

/** What came of one client. */
export interface Column {
  readonly client: Client;
  /** By name of the package, as installed. */
  readonly versions: Readonly<Record<string, string>>;
  readonly cells: readonly Cell[];
}

/** A client that is not done then is ended, in milliseconds. */
const CLIENT_MS_MAX = { sdk: 240_000, cli: 1_800_000 };
const CLIENT_FOLDER = join(COMPAT_FOLDER, 'client');

const moduleOf = async <T>(file: string): Promise<T> =>
  (await import(pathToFileURL(join(CLIENT_FOLDER, file)).href)) as T;

/** The clients in the order of the page. */
export const clients = async (): Promise<readonly Client[]> =>
  (await moduleOf<{ CLIENTS: readonly Client[] }>('clients.mjs')).CLIENTS;

/** The features by their names in code, with their titles. */
export const features = async (): Promise<Readonly<Record<string, string>>> =>
  (await moduleOf<{ FEATURES: Record<string, string> }>('cells.mjs')).FEATURES;

/** Runs one client in a process and a home of its own. A client that says too little has failed. */
export async function runClient(client: Client, lab: Whereabouts): Promise<Column> {
  const home = await mkdtemp(join(tmpdir(), 'talaria-compat-home-'));
  try {
    const { lines, errors } = await runIn(home, client, lab);
    const versions = lines.find((line) => 'versions' in line)?.['versions'] as Column['versions'] | undefined;
    const cells = lines.filter((line) => 'feature' in line) as unknown as Cell[];
    const isWhole = versions !== undefined && cells.length > 0 && 'done' in (lines.at(-1) ?? {});
    const lost: Cell = { protocol: '-', feature: '-', outcome: 'FAILED', note: `It ended early: ${errors}` };
    return { client, versions: versions ?? {}, cells: isWhole ? cells : [...cells, lost] };
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

function runIn(
  home: string,
  { name, kind }: Client,
  { url, key, narrowKeys, seenUrl, silenceMs }: Whereabouts,
): Promise<{ lines: Record<string, unknown>[]; errors: string }> {
  const whereabouts: Whereabouts = { url, key, narrowKeys, seenUrl, silenceMs };
  return new Promise((resolve, reject) => {
    const child = spawn(nodeOfClients(), [join(CLIENT_FOLDER, 'main.mjs'), name], {
      env: { ...inherited(), HOME: home, COMPAT_LAB: JSON.stringify(whereabouts) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const timer = setTimeout(() => child.kill('SIGTERM'), CLIENT_MS_MAX[kind]);
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      const texts = output.split('\n').filter((line) => line.startsWith('{'));
      resolve({ lines: texts.map((text) => JSON.parse(text) as Record<string, unknown>), errors });
    });
  });
}

/** The cells that show something wrong, in words. */
export const failuresOf = ({ client, cells }: Column): string[] =>
  cells
    .filter(({ outcome }) => outcome === 'FAILED')
    .map(({ protocol, feature, note }) => `${client.name}, ${protocol}, ${feature}: ${note}`);
