import { describeSettings } from '#libs/config';

export type Options =
  | { readonly kind: 'run'; readonly watch: boolean }
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'bad'; readonly message: string };

/** Reads the arguments after the script's name. Help and version win over everything else that is right. */
export function parseOptions(argv: readonly string[]): Options {
  const unknown = argv.find((argument) => !KNOWN.has(argument));
  if (unknown !== undefined) return { kind: 'bad', message: `Unknown option ${JSON.stringify(unknown)}. Try --help.` };
  const kinds = new Set(argv.map((argument) => KNOWN.get(argument)));
  if (kinds.has('help')) return { kind: 'help' };
  if (kinds.has('version')) return { kind: 'version' };
  return { kind: 'run', watch: kinds.has('watch') };
}

const KNOWN: ReadonlyMap<string, 'help' | 'version' | 'watch'> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-v', 'version'],
  ['--watch', 'watch'],
]);

/** The text of --help: options, then every setting with its default. */
export function helpText(): string {
  const rows = describeSettings();
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const settings = rows.map(({ name, default: value, meaning }) => {
    const shown = value === '-' ? '' : ` (default ${value})`;
    return `  ${name.padEnd(nameWidth)}  ${meaning.replaceAll('`', '')}${shown}`;
  });
  return [
    'Talaria: starts Redis if none is named, then store, scheduler, worker and api, and keeps them running.',
    '',
    'npm start -- [option]',
    '  --watch    compile on change and start the services anew (npm run dev)',
    '  --version  print the version',
    '  --help     print this',
    '',
    'Environment (docs/configuration.md; [_FILE]: NAME_FILE may name a file that holds the secret):',
    ...settings,
  ].join('\n');
}
