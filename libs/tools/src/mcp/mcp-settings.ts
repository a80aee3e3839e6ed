import type { ToolApproval } from '#libs/contract';

/** One Model Context Protocol server, as the operator describes it. */
export interface McpServerSettings {
  /** Beginning of its tools' names; has no underscore in it. */
  readonly name: string;
  readonly transport:
    | {
        readonly kind: 'stdio';
        readonly command: string;
        readonly args: readonly string[];
        /** The whole environment of the program. */
        readonly env: Readonly<Record<string, string>>;
      }
    /** The address is of the operator's choice and therefore trusted: it may be private. */
    | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> };
  /** The server's own names of the tools to take over; a name may end in `*`. Absent: all. */
  readonly tools?: readonly string[];
  /** For one call. */
  readonly timeoutSeconds: number;
  /** For the handshake and for the list of its tools: a program may have to be fetched and started first. */
  readonly connectTimeoutSeconds: number;
  /** Whether images in results go to the model; otherwise the model reads only that there were images. */
  readonly images: boolean;
  readonly approval: ToolApproval;
}

export const MCP_LIMITS = {
  toolsMax: 128,
  listPagesMax: 50,
  /** Age at which a list of tools is asked for again when its server says nothing of it. */
  listMsDefault: 300_000,
  listMsMin: 1_000,
  listMsMax: 86_400_000,
  /** For the answer to the question which revision of the protocol a server on the network speaks. */
  probeMsMax: 10_000,
  descriptionCharsMax: 4_000,
  /** One message of a server, over either transport. */
  messageBytesMax: 8_388_608,
  /** Of an HTTP answer that is no success. */
  errorBytesMax: 65_536,
  /** From the time-out of an HTTP call to the end of its socket. */
  lateAnswerMs: 5_000,
  logLineCharsMax: 1_000,
  /** Sentences on one server's tools that are not logged twice. */
  notesMax: 1_000,
  /** Waits before connecting again: doubled from the first to the last. */
  retryMsMin: 1_000,
  retryMsMax: 60_000,
  /** A connection that lived so long was a good one: the next wait is the first again. */
  goodConnectionMs: 30_000,
  /** For a program to end by itself after its input was closed. */
  exitMs: 1_000,
} as const;

/** A line for operators. `text` may quote the server, never a header or a variable. */
export type McpLog = (event: {
  readonly server: string;
  readonly level: 'info' | 'warn' | 'debug';
  readonly text: string;
}) => void;
