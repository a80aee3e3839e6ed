import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '#libs/config';
import { launch, type Launch } from './launch.js';
import { LaunchError } from './launch-error.js';
import { helpText, parseOptions } from './options.js';

/**
 * The whole launcher, from its arguments to its exit code. Errors that an operator can fix are shown without a stack.
 */
export async function run(argv: readonly string[], options: Omit<Launch, 'watch'>): Promise<number> {
  const { printer, root } = options;
  const wanted = parseOptions(argv);
  switch (wanted.kind) {
    case 'help':
      printer.line(helpText());
      return 0;
    case 'version':
      printer.line(versionOf(root));
      return 0;
    case 'bad':
      printer.error(wanted.message);
      return 2;
    case 'run':
      break;
  }
  try {
    return await launch({ ...options, watch: wanted.watch });
  } catch (cause) {
    if (!(cause instanceof LaunchError || cause instanceof ConfigError)) throw cause;
    printer.error(cause.message);
    return 1;
  }
}

function versionOf(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}
