import { InvalidArgumentError, type Command } from 'commander';
import type { Gateway } from '../gateway/gateway.js';
import type { ExitCode } from '../gateway/cli-error.js';
import type { Output } from '../output/output.js';

/** What a command works with. */
export interface CommandParts {
  readonly gateway: Gateway;
  readonly output: Output;
  /** Waits between two attempts to join a broken stream. */
  readonly pause: (ms: number) => Promise<void>;
}

/** Does one command; the exit code, or nothing where it is 0. */
export type Work<Options> = (
  parts: CommandParts,
  args: readonly string[],
  options: Options,
) => Promise<ExitCode | undefined | void>;

/** Gives a command its work; the parts come with the options, which stand on the whole line. */
export type Attach = <Options extends object>(command: Command, work: Work<Options>) => void;

/** Takes a whole number from `min` to `max` as the value of an option. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };

/** Ids stand in a path: nothing in them may lead elsewhere. */
export const inPath = (id: string): string => encodeURIComponent(id);
