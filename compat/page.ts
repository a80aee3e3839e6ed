import type { Column } from './matrix.js';

/** What came of one client when it ran last. `date` as `2026-11-30`. */
export interface Result extends Column {
  readonly date: string;
}

/** What each column of the page has shown. */
const PROVES: Readonly<Record<string, string>> = {
  stream: 'several deltas, which together are the whole answer; reason of the end; usage',
  clientTools: 'the call with its arguments, the result, and an answer that repeats the result',
  serverTools: 'a call that the gateway makes; the client shows it where its protocol can, and does not make it again',
  mixed: 'a step that calls a tool of both kinds: each is carried out once, on its own side',
  structured: 'an object by a JSON schema, parsed by the client',
  images: 'a PNG inside the request; the model tells its type and its size',
  cancel: 'the client aborts, says so itself, and the call of the upstream is given up',
  resume: 'a stream that broke is continued at exactly the missed event',
  errors: 'an upstream that fails after two words, and one that breaks off: the words, then an error, and no end',
  busy: 'a refusal with `Retry-After`, which the client obeys, and then the answer',
  silence: 'a model that says nothing for longer than a proxy in between waits; signs of life keep the stream open',
};

const SYMBOLS = { yes: 'yes', no: 'no', 'not offered': '–', FAILED: 'FAILED' };

/** `docs/compatibility.md`. @param titles of the features, by their names in code. */
export function pageOf(columns: readonly Result[], titles: Readonly<Record<string, string>>): string {
  const notes: string[] = [];
  const numberOf = (note: string): string => {
    if (note === '') return '';
    if (!notes.includes(note)) notes.push(note);
    return ` (${notes.indexOf(note) + 1})`;
  };
  const rows = columns.flatMap((column) =>
    protocolsOf(column).map((protocol) => {
      const cells = Object.keys(titles).map((feature) => {
        const cell = column.cells.find((one) => one.protocol === protocol && one.feature === feature);
        return cell ? `${SYMBOLS[cell.outcome]}${numberOf(cell.note)}` : 'not run';
      });
      return `| ${column.client.name} | ${protocol} | ${cells.join(' | ')} |`;
    }),
  );
  const names = Object.values(titles);
  return [
    HEAD,
    `| client | protocol | ${names.join(' | ')} |`,
    `|---|---|${names.map(() => '---|').join('')}`,
    ...rows,
    '',
    '`yes`: checked, nothing was wrong. `no`: does not work, for the reason in the note, which was checked as well. `–`:',
    'the client does not offer it. `not run`: nobody has looked yet.',
    '',
    '| note | |',
    '|---|---|',
    ...notes.map((note, i) => `| ${i + 1} | ${note} |`),
    '',
    '## Versions',
    '',
    '| client | packages | run on |',
    '|---|---|---|',
    ...columns.map(({ client, versions, date }) => `| ${client.name} | ${versionsIn(versions)} | ${date} |`),
    '',
    '## What is checked',
    '',
    '| | what the client saw, by its own objects |',
    '|---|---|',
    ...Object.entries(titles).map(([feature, title]) => `| ${title} | ${PROVES[feature] ?? ''} |`),
    '',
    FOOT,
  ].join('\n');
}

const protocolsOf = ({ cells }: Column): string[] => [...new Set(cells.map(({ protocol }) => protocol))];

const versionsIn = (versions: Column['versions']): string =>
  Object.entries(versions)
    .map(([name, version]) => `\`${name.replace(/^openai-\d+$/, 'openai')}\` ${version}`)
    .join(', ');

const HEAD = `# Compatibility

Official clients, run against real processes of this gateway. Every cell is code that reads what the client itself saw,
and fails when that is wrong. Behind the gateway stands a scripted model, so that every run is the same.
\`npm run compat\` writes this page; do not edit it.
`;

const FOOT = `## Repeat it

\`\`\`sh
npm ci --ignore-scripts
npm run compat                        # all clients; writes this page (Linux, x64 or arm64)
npm run compat -- --short             # the libraries alone, as npm test does
npm run compat -- --only Codex        # one client, whose rows it writes
\`\`\`

The clients are pinned in \`compat/package-lock.json\` and installed into \`compat/node_modules\` without running any of
their scripts. They run on a Node of their own, which is a package, too. Coding agents run without a terminal
(\`codex exec\`, \`opencode run\`, \`claude -p\`) in a home and a folder of their own, and reach nothing but this machine.
How to add a client: [CONTRIBUTING.md](../CONTRIBUTING.md).
`;
