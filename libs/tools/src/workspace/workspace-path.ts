import { OWN_FILE_PREFIX, WORKSPACE_LIMITS } from './limits.js';
import { Refusal } from './refusal.js';

/**
 * The folders and the name of a path that a model chose. None of these parts can lead out of the starting folder. Empty
 * for the workspace itself (`.` and the empty text).
 *
 * Throws Refusal for an absolute path, `..`, a backslash, a colon (drives, streams), control and invisible characters,
 * characters that become one of these when a file system normalises names (NFKC), names that are devices on some
 * systems, names that end in a dot or a space, and paths beyond WORKSPACE_LIMITS.
 */
export function parseWorkspacePath(text: string): readonly string[] {
  if (text.length > WORKSPACE_LIMITS.pathCharsMax) {
    throw new Refusal(`The path is longer than ${WORKSPACE_LIMITS.pathCharsMax} characters.`);
  }
  const refuse = (why: string): never => {
    throw new Refusal(`The path ${JSON.stringify(text)} is refused: ${why}.`);
  };
  if (UNSEEN.test(text)) return refuse('it has a control or invisible character in it');
  if (/^[/~]/.test(text)) return refuse('use a path relative to the workspace');
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length > WORKSPACE_LIMITS.foldersDeepMax) return refuse('it is too deep');
  for (const part of parts) {
    const why = problemOf(part);
    if (why !== undefined) return refuse(why);
  }
  return parts;
}

/**
 * The same for the path of a file: there is a name in it, and it does not end as the path of a folder does (`d/`,
 * `d/.`). Throws Refusal like `parseWorkspacePath`.
 */
export function parseFilePath(text: string): readonly string[] {
  const parts = parseWorkspacePath(text);
  if (parts.length === 0) throw new Refusal('The path of a file is expected.');
  if (/(?:^|\/)\.?$/.test(text)) {
    throw new Refusal(`The path ${JSON.stringify(text)} is refused: it ends as the path of a folder does.`);
  }
  return parts;
}

/** Whether a path is written as `parseFilePath` writes it: other programs make files with other names. */
export function isFilePath(text: string): boolean {
  try {
    return parseFilePath(text).join('/') === text;
  } catch (cause) {
    if (cause instanceof Refusal) return false;
    throw cause;
  }
}

/**
 * Control (Cc), format (Cf: zero width, direction), surrogate halves (Cs), private use (Co), line and paragraph ends.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;

function problemOf(part: string): string | undefined {
  const plain = part.normalize('NFKC');
  if ([part, plain].some((name) => /^\.{2,}$/.test(name.trim()))) return 'it may not lead upwards';
  if (/[/\\:]/.test(part.replace(/^\.$/, '') + plain)) return 'it has a backslash, a colon or a look-alike in it';
  if (/[. ]$/.test(part) || plain === '.') return 'a name may not end in a dot or a space';
  if (DEVICE.test(plain)) return 'a name of it is the name of a device';
  if (plain.toLowerCase().startsWith(OWN_FILE_PREFIX)) return `names that begin with ${OWN_FILE_PREFIX} are not yours`;
  if (Buffer.byteLength(part) > WORKSPACE_LIMITS.pathPartBytesMax) return 'a name of it is too long';
  return undefined;
}

/**
 * Names that Windows treats as devices, whatever their extension. Refused everywhere, so that a workspace can be moved.
 */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(?:\.|$)/i;
