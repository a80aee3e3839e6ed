import { GatewayError, type SessionRef } from '#libs/contract';
import { isFilePath, parseFilePath, Refusal, WORKSPACE_LIMITS, type Workspaces } from '#libs/tools';
import type { SessionFile, SessionFileContent, SessionFilePage } from '#libs/wire';
import type { FileDto } from './files.dto.js';

export interface SessionFilesParts {
  readonly workspaces: Workspaces;
  /** Throws GatewayError `session_not_found` for a session that is not there or another key's. */
  assertSession(ref: SessionRef): Promise<unknown>;
}

/**
 * The files of a session's workspace, in which its tools work. The rules of the tools hold: no path leads out of the
 * workspace, no link is followed, only plain files are opened, and WORKSPACE_LIMITS bound them. All throw GatewayError
 * `session_not_found`, `not_found` for a file that is not there, `invalid_request` for what is refused, and
 * `unavailable` while this process has no folder of workspaces or cannot write into it.
 */
export class SessionFiles {
  constructor(private readonly parts: SessionFilesParts) {}

  /**
   * A page of all plain files, in the order of their paths; `unlisted` counts those with names that no path can have.
   * Throws also `invalid_cursor`.
   */
  async list(ref: SessionRef, { limit, after }: { limit: number; after?: string }): Promise<SessionFilePage> {
    const workspace = await this.workspace(ref, 'seenOf');
    if (after !== undefined && !isFilePath(after)) throw badCursor();
    const { entries } = await worded(() => workspace.list([], WORKSPACE_LIMITS.foldersDeepMax));
    const files = entries.flatMap(({ path, kind }) => (kind === 'file' ? [path] : []));
    const named = files.filter(isFilePath);
    const paths = named.filter((path) => isAfter(path, after)).sort(byText);
    const page = paths.slice(0, limit);
    const data: SessionFile[] = [];
    for (const path of page) {
      // A file that has gone since is left out.
      const facts = await worded(() => workspace.facts(path.split('/'))).catch(() => undefined);
      if (facts) data.push(fileObject(path, facts));
    }
    const next = paths.length > limit ? (page.at(-1) ?? null) : null;
    return { object: 'list', data, has_more: next !== null, next, unlisted: files.length - named.length };
  }

  /** A whole file: `content` when it is UTF-8 text, else `content_base64`. */
  async read(ref: SessionRef, path: string): Promise<SessionFileContent> {
    const workspace = await this.workspace(ref, 'seenOf');
    const parts = await worded(async () => parseFilePath(path));
    const facts = await worded(() => workspace.facts(parts));
    if (!facts) throw noFile();
    const bytes = await worded(() => workspace.read(parts));
    const text = textOf(bytes);
    const content = text === undefined ? { content_base64: bytes.toString('base64') } : { content: text };
    return { ...fileObject(parts.join('/'), { ...facts, bytes: bytes.length }), ...content };
  }

  /** Writes a whole file, new or in place of the old one. */
  async write(ref: SessionRef, { path, content, content_base64: base64 }: FileDto): Promise<SessionFile> {
    const workspace = await this.workspace(ref, 'of');
    const parts = await worded(async () => parseFilePath(path));
    const bytes = bytesOf(content, base64);
    await worded(() => workspace.write(parts, bytes));
    const facts = await worded(() => workspace.facts(parts));
    return fileObject(parts.join('/'), facts ?? { bytes: bytes.length, changedAt: Date.now() });
  }

  async remove(ref: SessionRef, path: string): Promise<object> {
    const workspace = await this.workspace(ref, 'of');
    const parts = await worded(async () => parseFilePath(path));
    if (!(await worded(() => workspace.facts(parts)))) throw noFile();
    await worded(() => workspace.remove(parts));
    return { object: 'session.file.deleted', id: parts.join('/'), path: parts.join('/'), deleted: true };
  }

  /** `seenOf` for who only reads: what an operator looks at grows no younger by it. */
  private async workspace(ref: SessionRef, how: 'of' | 'seenOf'): Promise<ReturnType<Workspaces['of']>> {
    await this.parts.assertSession(ref);
    // A deployment may give the folder to its workers alone: an empty list would then be a false one.
    await this.parts.workspaces.open().catch((cause: unknown) => {
      throw new GatewayError('unavailable', NO_FOLDER, { cause, retryAfterSeconds: FOLDER_RETRY_SECONDS });
    });
    return this.parts.workspaces[how]({ ...ref, runId: '' });
  }
}

const NO_FOLDER =
  'The API of this gateway cannot reach the folder of the workspaces. The operator has to give it the folder of the ' +
  'workers (WORKSPACE_DIR, on a volume that they share).';
/** Until an operator has mended a disk or a folder. */
const FOLDER_RETRY_SECONDS = 60;
/** What no other path would change. */
const OF_THE_DISK: ReadonlySet<string> = new Set(['EROFS', 'ENOSPC', 'EDQUOT']);

function fileObject(path: string, { bytes, changedAt }: { bytes: number; changedAt: number }): SessionFile {
  return { object: 'session.file', path, bytes, updated_at: changedAt / 1_000 };
}

/** What the workspace refuses, as an answer. Its words speak of paths below the workspace alone. */
async function worded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    if (/does not exist/.test(cause.message)) throw noFile();
    if (cause.code !== undefined && OF_THE_DISK.has(cause.code)) {
      throw new GatewayError('unavailable', cause.message, { cause, retryAfterSeconds: FOLDER_RETRY_SECONDS });
    }
    throw new GatewayError('invalid_request', cause.message, { param: 'path', cause });
  }
}

const badCursor = (): GatewayError =>
  new GatewayError('invalid_cursor', "'after' is not what a page of files gave as 'next'.", { param: 'after' });
const noFile = (): GatewayError => new GatewayError('not_found', 'There is no file at this path.', { param: 'path' });

function bytesOf(text: string | undefined, base64: string | undefined): Buffer {
  if ((text === undefined) === (base64 === undefined)) {
    throw new GatewayError('invalid_request', "Give 'content' or 'content_base64', one of them.", { param: 'content' });
  }
  if (text !== undefined) {
    if (text.isWellFormed()) return Buffer.from(text);
    throw new GatewayError('invalid_request', "'content' has half of a character in it.", { param: 'content' });
  }
  const bytes = Buffer.from(base64 ?? '', 'base64');
  // Buffer passes over what is no base64; what comes back must be what was sent.
  if (bytes.toString('base64').replace(/=+$/, '') === (base64 ?? '').replace(/=+$/, '')) return bytes;
  throw new GatewayError('invalid_request', "'content_base64' must be base64.", { param: 'content_base64' });
}

function textOf(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8.
    return undefined;
  }
}

const isAfter = (path: string, after: string | undefined): boolean => after === undefined || path > after;
const byText = (a: string, b: string): number => (a < b ? -1 : 1);
