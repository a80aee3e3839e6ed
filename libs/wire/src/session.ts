import type { Page } from './page.js';
import type { RunObject, UsageObject } from './run.js';

/** A conversation that the gateway keeps. Times are seconds; `cost` is in the currency of the price list. */
export type SessionObject = {
  readonly object: 'hermes.session';
  readonly id: string;
  readonly title: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly last_run_id: string | null;
  readonly parent_session_id: string | null;
  readonly forked_from_run_id: string | null;
  readonly runs: number;
  readonly usage: UsageObject;
  readonly cost: number | null;
};

/** The present activity of a session; added to its object in GET /api/sessions/{id}. */
export type TurnFacts = {
  readonly status: 'idle' | 'busy';
  readonly active_run_id: string | null;
  readonly waiting_turns: number;
};

export type ChatContent =
  | string
  | readonly (
      | { readonly type: 'text'; readonly text: string }
      | { readonly type: 'image_url'; readonly image_url: { readonly url: string } }
      | ChatFile
    )[];

/** A PDF, as a base64 data URL. */
export type ChatFile = {
  readonly type: 'file';
  readonly file: { readonly filename?: string; readonly file_data: string };
};

/** A message in the form of Chat Completions. */
export type ChatMessage = {
  readonly role: 'user' | 'assistant' | 'tool' | 'system';
  readonly content: ChatContent | null;
  readonly refusal?: string;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly type: 'function';
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
};

/** One run as a part of its session: its input, its outcome, and the texts that the user added meanwhile. */
export type TurnObject = RunObject & {
  readonly input: readonly ChatMessage[];
  readonly steers: readonly { readonly after_step: number; readonly text: string }[];
};

/** A file of a session's workspace. `path` is relative to it; the time is seconds. */
export type SessionFile = {
  readonly object: 'session.file';
  readonly path: string;
  readonly bytes: number;
  readonly updated_at: number;
};

/** A page of files; `unlisted` counts those of the workspace whose names no path of this API can have. */
export type SessionFilePage = Page<SessionFile> & { readonly unlisted: number };

/** A file with what is in it: as text where it is UTF-8, else as base64. */
export type SessionFileContent = SessionFile & {
  readonly content?: string;
  readonly content_base64?: string;
};
