import type { Tool, ToolResult } from '#libs/contract';

/** Why a tool does not do what the model asked. The message is a sentence for the model. */
export class Refusal extends Error {
  /** The system's code, when it is the system that refuses. */
  get code(): string | undefined {
    return (this.cause as NodeJS.ErrnoException | undefined)?.code;
  }
}

/** Turns a Refusal into the tool's answer. Everything else is rethrown. */
export function answeringRefusals(execute: Tool['execute']): Tool['execute'] {
  return async (args, context): Promise<ToolResult> => {
    try {
      return await execute(args, context);
    } catch (error) {
      if (error instanceof Refusal) return { output: error.message, isError: true };
      throw error;
    }
  };
}

const REASONS: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOENT', 'does not exist'],
  ['ENOTDIR', 'leads through something that is not a folder, or through a link'],
  ['EISDIR', 'is a folder'],
  ['ELOOP', 'is a link, and links are not followed'],
  // A folder that was opened like a file, and on some systems a link.
  ['EEXIST', 'exists already'],
  ['EACCES', 'may not be accessed'],
  ['EPERM', 'may not be accessed'],
  ['ENXIO', 'is not a file'],
  ['ENAMETOOLONG', 'is too long'],
  ['ENOSPC', 'cannot be written: the disk is full'],
  ['EROFS', 'cannot be written: the disk is read only'],
  ['EDQUOT', 'cannot be written: the disk is full'],
]);

/**
 * A failure of the file system in words, for the path as the model wrote it. An unexpected error is returned unchanged.
 */
export function refusalOf(cause: unknown, path: string): unknown {
  const why = REASONS.get((cause as NodeJS.ErrnoException | undefined)?.code);
  return why === undefined ? cause : new Refusal(`The path '${path}' ${why}.`, { cause });
}
