import { LIMITS, type ApprovalDecision, type JsonValue } from '#libs/contract';

/** One message on the platform, and what is known of it. */
export interface Piece {
  id?: string;
  /** Of the content that it shows. */
  hash?: string;
  /** Written before it is sent: `after` was the highest id known then. While it stands the outcome is unknown. */
  sending?: { readonly after: string; readonly isGrowing?: true };
  /** It is one that the platform lets grow, and has not been ended. */
  growing?: Growing;
  /** The platform refuses to let it grow. */
  noGrowing?: boolean;
  /** The platform refused its marks. */
  isPlain?: boolean;
  /** It was deleted by somebody and sent again. */
  wasGone?: boolean;
  /** The platform refuses it, and says so. */
  refused?: string;
}

/** What is known of a message that grows: the first `sent` characters of its text, by their hash. */
export interface Growing {
  sent: number;
  hash: string;
  /** Written before an append. While it stands nobody knows what the message shows. */
  isBroken?: boolean;
}

/** A question of a run to the user: may a call be made, or one that a tool asks. */
export interface Ask {
  /** Stands in the data of the buttons. */
  readonly key: string;
  readonly approvalId: string;
  readonly piece: Piece;
  /** What was asked, in Markdown. */
  readonly question: string;
  /** Answers to choose from; empty: a text, or a decision about a call. */
  readonly choices: readonly string[];
  /** A question of a tool; else a decision about a call. */
  readonly isQuestion: boolean;
  /** How it ended, in words; absent: it is open. */
  over?: string;
}

/** A message of a user, and the answer to it. */
export interface AnswerTask {
  readonly kind: 'answer';
  /** Of the entry that it came from. */
  readonly id: string;
  readonly thread: string;
  readonly isGroup: boolean;
  /** Empty: everybody who is heard in the chat. */
  readonly userId: string;
  readonly messageId: string;
  /** A run of a job: nothing of it is shown but what it asks. */
  readonly asksOnly?: true;
  /** Another one after a try to open it that failed. */
  runId: string;
  readonly owner: string;
  readonly sessionId: string;
  /** What the run is about; gone once it is opened. */
  prompt?: { readonly text: string; readonly photos: readonly string[] };
  /** Stopped before it was opened. */
  isStopped?: boolean;
  readonly parts: Piece[];
  readonly asks: Ask[];
}

/** A text that nobody changes any more. */
export interface NoticeTask {
  readonly kind: 'notice';
  readonly id: string;
  readonly thread: string;
  readonly isGroup: boolean;
  readonly text: string;
  readonly replyTo?: string;
  /** The result of a job: somebody wants to know what becomes of it. */
  readonly isDelivery?: boolean;
  readonly parts: Piece[];
}

export type Task = AnswerTask | NoticeTask;

/** What one chat's writer knows; kept as JSON. Fields that another version added stay. */
export interface ChatState {
  /** The highest message id known in the chat. */
  lastId: string;
  /** Ids of our last messages: an id on it is not that of a lost one. */
  ours: string[];
  /** By thread; the session of a thread is counted up by /new. */
  readonly threads: Record<string, { session: number; model?: string }>;
  tasks: Task[];
  /** The last deliveries, the newest at the end. */
  log: { readonly at: number; readonly id: string; readonly outcome: string }[];
  /** Threads in which somebody spoke to the bot, the latest at the end. */
  spokenIn?: string[];
  /** Who made this the home chat of a key. */
  homeBy?: string;
  /** What the chat is part of, as the last message from it said. */
  server?: string;
}

/** What is handed to an ask from a chat. */
export interface AskAnswer {
  readonly decision: ApprovalDecision;
  readonly answers?: JsonValue;
}

const OURS_MAX = 100;

/** @param text as it was saved; empty: never. A state that cannot be read is a new one. */
export function parseState(text: string): ChatState {
  const fresh: ChatState = { lastId: '0', ours: [], threads: {}, tasks: [], log: [] };
  if (text === '') return fresh;
  return { ...fresh, ...(JSON.parse(text) as Partial<ChatState>) };
}

/** Notes a message of ours. */
export function noteOurs(state: ChatState, id: string, later: (a: string, b: string) => string): void {
  state.lastId = later(state.lastId, id);
  state.ours = [...state.ours, id].slice(-OURS_MAX);
}

/** Takes a finished task out, and remembers what became of it. */
export function finish(state: ChatState, task: Task, outcome: string, at: number): void {
  state.tasks = state.tasks.filter((one) => one !== task);
  const id = task.kind === 'answer' ? task.runId : task.id;
  state.log = [...state.log, { at, id, outcome }].slice(-LIMITS.chatLogMax);
}
