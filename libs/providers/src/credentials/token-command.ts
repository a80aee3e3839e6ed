import type { LoginSettings } from '#libs/contract';
import { execFile } from 'node:child_process';
import { CREDENTIAL_LIMITS } from './credential-limits.js';
import { LoginFailed, parseToken, type Token } from './token.js';

type Command = Extract<LoginSettings, { kind: 'command' }>;

/**
 * Runs the program, without a shell and with no environment but its own, and reads the token that it prints. What it
 * writes on its other output is not shown: it may hold the token. Rejects with LoginFailed.
 */
export function tokenOfCommand({ command, args, env }: Command, now: () => number): Promise<Token> {
  const options = {
    env,
    timeout: CREDENTIAL_LIMITS.commandMsMax,
    killSignal: 'SIGKILL',
    maxBuffer: CREDENTIAL_LIMITS.answerBytesMax,
    windowsHide: true,
  } as const;
  return new Promise((resolve, reject) => {
    execFile(command, [...args], options, (cause, output) => {
      if (cause) return reject(new LoginFailed(whyOf(cause), false, { cause }));
      try {
        resolve(parseToken(output, now()));
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

function whyOf({ killed, code }: { readonly killed?: boolean; readonly code?: unknown }): string {
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed too much';
  if (killed) return 'took too long';
  return typeof code === 'number' ? `ended with the code ${code}` : 'could not be started';
}
