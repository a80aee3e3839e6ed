import { Command, CommanderError } from 'commander';
import { addApprovals } from './commands/approvals.js';
import type { Attach, CommandParts } from './commands/command-parts.js';
import { addJobs } from './commands/jobs.js';
import { addLists } from './commands/lists.js';
import { addRuns } from './commands/runs.js';
import { addStatus } from './commands/status.js';
import { addressOf } from './gateway/address.js';
import { CliError, EXIT, ownError } from './gateway/cli-error.js';
import { Gateway } from './gateway/gateway.js';
import { Output, printable, type TextSink } from './output/output.js';

/** The world around the program. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: TextSink;
  readonly err: TextSink;
  readonly version: string;
  readonly pause: (ms: number) => Promise<void>;
}

interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
}

/** One command line from its arguments (after the script's name) to its exit code. Errors are told, not thrown. */
export async function runCli(argv: readonly string[], around: Surroundings): Promise<number> {
  const { err } = around;
  const isJson = argv.includes('--json');
  const state: { code: number } = { code: EXIT.done };
  const program = buildProgram(around, isJson, (code) => (state.code = code));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return state.code;
  } catch (cause) {
    if (cause instanceof CommanderError) {
      // Help and version are no mistakes. In words, Commander has told the others already.
      if (cause.exitCode === 0) return EXIT.done;
      const message = cause.message.replace(/^error: /, '').replace('(outputHelp)', 'A command is missing.');
      if (isJson) err.write(`${JSON.stringify({ error: ownError(message, EXIT.usage) })}\n`);
      return EXIT.usage;
    }
    if (!(cause instanceof CliError)) throw cause;
    const asJson = JSON.stringify({ error: cause.api ?? ownError(cause.message, cause.exitCode) });
    err.write(isJson ? `${asJson}\n` : `${printable(cause.message)}\n`);
    return cause.exitCode;
  }
}

function buildProgram(around: Surroundings, isJson: boolean, end: (code: number) => void): Command {
  const { env, out, err, version, pause } = around;
  const program = new Command('talaria')
    .description('Speaks to a running Talaria gateway.')
    .version(version)
    .option('--json', 'answers as JSON, as the API gives them; events as one line each')
    .option('--url <address>', 'the gateway; else TALARIA_URL, else http://127.0.0.1:8642')
    .addHelpText('after', '\nThe key is TALARIA_KEY, else API_SERVER_KEY. Exit codes: docs/cli.md')
    .showHelpAfterError('(--help says more)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void (isJson || err.write(text)),
    });
  const partsOf = (): CommandParts => {
    const { json = false, url } = program.opts<GlobalOptions>();
    return { gateway: new Gateway(addressOf(env, url)), output: new Output(out, err, json), pause };
  };
  const attach: Attach = (command, work) =>
    void command.action(async () => {
      const code = await work(partsOf(), command.args, command.opts());
      end(code ?? EXIT.done);
    });
  for (const add of [addStatus, addRuns, addJobs, addApprovals, addLists]) add(program, attach);
  return program;
}
