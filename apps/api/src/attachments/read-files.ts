import { GatewayError, hasFile, LIMITS, type ContentPart, type FilePart, type Message } from '#libs/contract';
import type { FileReader } from './file-reader.js';

/** Reads the files of one API key. */
export interface OwnedReader {
  readonly reader: Pick<FileReader, 'read'>;
  readonly owner: string;
}

/** What a model is asked: the request's own messages, and those of the conversation that come before them. */
interface Asked {
  readonly messages: readonly Message[];
  readonly context?: readonly Message[];
}

/**
 * The request with the text of each PDF in it, so that no later step reads it again: a model that takes files gets the
 * file, any other its text, whatever worker asks it. A file of the conversation that cannot be read counts as one
 * without text, since no request can mend it. Throws GatewayError with the place of the file as `param`.
 */
export async function readFiles<T extends Asked>(files: OwnedReader, asked: T): Promise<T> {
  const { messages, context = [] } = asked;
  const own = messages.flatMap(unreadOf);
  if (own.length > LIMITS.filesMax) {
    const what = `The request has ${own.length} PDFs; at most ${LIMITS.filesMax} are read.`;
    throw new GatewayError('array_above_max_length', what, { param: own.at(-1)?.at ?? 'input' });
  }
  if (own.length === 0 && context.flatMap(unreadOf).length === 0) return asked;
  const read = { ...asked, messages: await withTexts(files, messages, atPlace) };
  return asked.context ? { ...read, context: await withTexts(files, asked.context, () => '') } : read;
}

/** What becomes of a file that is at fault itself: its text, or an error. */
type OnFault = (cause: GatewayError, file: FilePart) => string;

/** The file's own faults get the place in the request. */
const atPlace: OnFault = (cause, { at }) => {
  throw at === undefined ? cause : new GatewayError(cause.code, cause.message, { cause, param: at });
};

async function withTexts(files: OwnedReader, list: readonly Message[], onFault: OnFault): Promise<Message[]> {
  const read: Message[] = [];
  for (const message of list) read.push(await withText(files, message, onFault));
  return read;
}

async function withText(files: OwnedReader, message: Message, onFault: OnFault): Promise<Message> {
  if (message.role !== 'user' || typeof message.content === 'string' || !hasFile(message)) return message;
  const content: ContentPart[] = [];
  for (const part of message.content) {
    content.push(part.type === 'file' && part.text === undefined ? await read(files, part, onFault) : part);
  }
  return { ...message, content };
}

async function read({ reader, owner }: OwnedReader, part: FilePart, onFault: OnFault): Promise<FilePart> {
  const { at: _, ...file } = part;
  const bytes = Buffer.from(file.url.slice(file.url.indexOf(',') + 1), 'base64');
  try {
    return { ...file, text: await reader.read(owner, bytes) };
  } catch (cause) {
    if (!(cause instanceof GatewayError) || cause.code !== 'invalid_content_part') throw cause;
    return { ...file, text: onFault(cause, part) };
  }
}

function unreadOf(message: Message): readonly FilePart[] {
  if (message.role !== 'user' || typeof message.content === 'string') return [];
  return message.content.filter((part): part is FilePart => part.type === 'file' && part.text === undefined);
}
