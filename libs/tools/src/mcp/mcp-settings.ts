import type { ToolApproval } from '#libs/contract';

/** One Model Context Protocol server, as the operator describes it. */
export interface McpServerSettings {
  /** Prefix of its tools' names; contains no underscore. */
  readonly name: string;
  readonly transport:
    | {
        readonly kind: 'stdio';
        readonly command: string;
        readonly args: readonly string[];
        /** The whole environment of the program. */
        readonly env: Readonly<Record<string, string>>;
      }
    /** The operator chose the address, so it is trusted and may be private. */
    | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> };
  /** The tools to take over, by the server's own names; a name may end in `*`. Absent: all. */
  readonly tools?: readonly string[];
  /** Time limit of one call. */
  readonly timeoutSeconds: number;
  /** How long the result of a task is waited for: a call that the server answers with a handle. */
  readonly taskTimeoutSeconds: number;
  /** Time limit of the handshake and of the list of tools: a program may have to be fetched and started first. */
  readonly connectTimeoutSeconds: number;
  /** Whether images in results go to the model; otherwise the model reads only that there were images. */
  readonly images: boolean;
  readonly approval: ToolApproval;
}

export const MCP_LIMITS = {
  toolsMax: 128,
  listPagesMax: 50,
  /** Age at which a list of tools is requested again when its server names none. */
  listMsDefault: 300_000,
  listMsMin: 1_000,
  listMsMax: 86_400_000,
  /** Time limit of the request that finds out which revision of the protocol a network server speaks. */
  probeMsMax: 10_000,
  descriptionCharsMax: 4_000,
  /** One message of a server, over either transport. */
  messageBytesMax: 8_388_608,
  /** Most bytes of an HTTP answer that is not successful. */
  errorBytesMax: 65_536,
  /** Time from the time-out of an HTTP call to the end of its socket. */
  lateAnswerMs: 5_000,
  logLineCharsMax: 1_000,
  /** Sentences about one server's tools that are remembered, so that they are not logged twice. */
  notesMax: 1_000,
  /** Waits before the next connection, doubling from the first to the last. */
  retryMsMin: 1_000,
  retryMsMax: 60_000,
  /** After a connection of this length, the next wait is the shortest again. */
  goodConnectionMs: 30_000,
  /** Waits between two requests for the state of a task, whatever its server wishes. */
  pollMsMin: 250,
  pollMsMax: 60_000,
  pollMsDefault: 2_000,
  /** A task whose server has no answer for so long is given up. */
  taskAwayMsMax: 300_000,
  cancelTaskMsMax: 5_000,
  taskIdCharsMax: 1_024,
  taskMessageCharsMax: 500,
  /** Time for a program to end by itself after its input was closed. */
  exitMs: 1_000,
} as const;

/** A line for operators. `text` may quote the server, never a header or a variable. */
export type McpLog = (event: {
  readonly server: string;
  readonly level: 'info' | 'warn' | 'debug';
  readonly text: string;
}) => void;
