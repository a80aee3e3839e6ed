import type { McpServerSettings } from '#libs/tools';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withSlack } from './slack.js';
import { until } from './until.js';

export const MCP_EXAMPLE = join(import.meta.dirname, 'mcp-example.mjs');

/** The notes that the example servers of a test have written. */
export interface McpNotes {
  readonly file: string;
  lines(): Promise<string[]>;
  /** Process ids in the order in which they were noted, once there are so many. */
  pids(count: number): Promise<number[]>;
  remove(): Promise<void>;
}

export async function mcpNotes(): Promise<McpNotes> {
  const folder = await mkdtemp(join(tmpdir(), 'talaria-mcp-'));
  const file = join(folder, 'notes');
  const lines = async (): Promise<string[]> =>
    (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  return {
    file,
    lines,
    pids: (count) =>
      until(
        async () => {
          const pids = (await lines()).flatMap((line) => /^pid (\d+)$/.exec(line)?.[1] ?? []).map(Number);
          return pids.length >= count ? pids : undefined;
        },
        { what: `${count} processes to have noted themselves` },
      ),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The example server of revision 2026-07-28; it refuses older clients. */
export const NEW_MCP_EXAMPLE = join(import.meta.dirname, 'mcp-new-example.mjs');

/** The example server over stdio, as the configuration would describe it. */
export function stdioSettings(notes: McpNotes, fields: Partial<McpServerSettings> = {}): McpServerSettings {
  const env = { PATH: process.env['PATH'] ?? '', ONE: '1' };
  return {
    name: 'example',
    transport: { kind: 'stdio', command: process.execPath, args: [MCP_EXAMPLE, 'stdio', notes.file], env },
    timeoutSeconds: withSlack(5),
    taskTimeoutSeconds: withSlack(20),
    connectTimeoutSeconds: withSlack(5),
    approval: 'always',
    images: true,
    ...fields,
  };
}

export interface HttpExample {
  readonly port: number;
  readonly settings: McpServerSettings;
  kill(): Promise<void>;
}

/** An example server over HTTP, as a process of its own. The older one wants the bearer token of the settings. */
export async function startHttpExample(
  notes: McpNotes,
  port = 0,
  { file = MCP_EXAMPLE, env = {} }: { file?: string; env?: Record<string, string> } = {},
): Promise<HttpExample> {
  const child = spawn(process.execPath, [file, 'http', notes.file, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const exited = once(child, 'exit');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const taken = Number(line.toString());
  const headers = { Authorization: 'Bearer mcp-secret' };
  return {
    port: taken,
    settings: {
      name: 'example',
      transport: { kind: 'http', url: `http://127.0.0.1:${taken}/mcp`, headers },
      timeoutSeconds: withSlack(5),
      taskTimeoutSeconds: withSlack(20),
      connectTimeoutSeconds: withSlack(5),
      approval: 'always',
      images: true,
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
