import { ReadBuffer, serializeMessage, type JSONRPCMessage, type Transport } from '@modelcontextprotocol/client';
import { spawn, type ChildProcess } from 'node:child_process';
import type { LiveTrees } from '../../processes/live-trees.js';
import { newMark } from '../../processes/marked-processes.js';
import type { ProcessTree } from '../../processes/process-group.js';
import { LineHeads } from './line-heads.js';
import { MCP_LIMITS, type McpServerSettings } from '../mcp-settings.js';
import { Unreachable } from './unreachable.js';

type Program = Extract<McpServerSettings['transport'], { kind: 'stdio' }>;

/**
 * The SDK's stdio transport with two differences. The program leads its own process group, which is ended as a whole
 * (`npx` and similar programs start the server as their child). And it gets only the environment given here.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  private tree: ProcessTree | undefined;
  private readonly buffer = new ReadBuffer({ maxBufferSize: MCP_LIMITS.messageBytesMax });

  constructor(
    private readonly program: Program,
    private readonly live: LiveTrees,
    private readonly onStderr: (line: string) => void,
  ) {}

  /** Resolves when the program runs; rejects with the system's error when it cannot be started. */
  start(): Promise<void> {
    const { command, args, env } = this.program;
    const mark = newMark();
    const child = spawn(command, args, {
      env: { ...env, [mark.name]: mark.value },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.tree = { child, mark: `${mark.name}=${mark.value}` };
    this.live.add(this.tree);
    this.listen(child);
    return new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
  }

  /** Resolves when the system has taken the message; rejects with Unreachable. */
  send(message: JSONRPCMessage): Promise<void> {
    const input = this.tree?.child.stdin;
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new Unreachable(why));
      if (!input?.writable) fail('The program does not run.');
      else input.write(serializeMessage(message), (error) => (error ? fail(error.message) : resolve()));
    });
  }

  /** Closes the program's input, and ends what has not ended soon after. */
  async close(): Promise<void> {
    const { tree } = this;
    if (!tree) return;
    tree.child.stdin?.end();
    if (tree.child.exitCode === null && tree.child.signalCode === null) await exitWithin(tree.child, MCP_LIMITS.exitMs);
    await this.live.end(tree);
  }

  private listen(child: ChildProcess): void {
    child.stdout?.on('data', (chunk: Buffer) => this.take(chunk));
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      stream?.on('error', (error: Error) => this.onerror?.(error));
    }
    const heads = new LineHeads(MCP_LIMITS.logLineCharsMax, this.onStderr);
    child.stderr?.on('data', (chunk: Buffer) => heads.add(chunk));
    child.stderr?.once('end', () => heads.end());
    // `exit` and not `close`: a child of the program may hold its pipes open.
    child.once('exit', () => this.ended());
    child.once('error', () => this.ended());
  }

  private ended(): void {
    const { tree } = this;
    if (!tree) return;
    this.tree = undefined;
    void this.live.end(tree);
    this.onclose?.();
  }

  private take(chunk: Buffer): void {
    try {
      this.buffer.append(chunk);
    } catch (cause) {
      this.onerror?.(cause as Error);
      void this.close();
      return;
    }
    while (this.takeMessage());
  }

  /** Returns false when no whole message is left. A line that is not a message is reported and skipped. */
  private takeMessage(): boolean {
    try {
      const message = this.buffer.readMessage();
      if (message) this.onmessage?.(message);
      return message !== null;
    } catch (cause) {
      this.onerror?.(cause as Error);
      return true;
    }
  }
}

function exitWithin(child: ChildProcess, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
