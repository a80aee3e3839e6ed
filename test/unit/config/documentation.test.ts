import { readFileSync } from 'node:fs';
import { describeSettings, loadConfig, VARIABLES } from '#libs/config';

const documentation = readFileSync('docs/configuration.md', 'utf8');

const LISTS = ['auth.keys', 'upstreams', 'models', 'aliases', 'toolsets', 'mcp_servers', 'approvals.rules'];

describe('docs/configuration.md', () => {
  test('has exactly the rows of the table in the code, in its order', () => {
    const rows = documentation.split('\n').filter((line) => /^\| `[A-Z]/.test(line));
    expect(rows).toEqual(
      describeSettings().map(
        (row) => `| \`${row.name}\` | ${code(row.path)} | ${code(row.default)} | ${row.meaning} |`,
      ),
    );
  });

  test('names no variable that does not exist', () => {
    const known = new Set<string>(VARIABLES.map(({ name }) => name));
    const named = [...documentation.matchAll(/`([A-Z][A-Z_]+[A-Z])(?:=[^`]*)?`/g)].map((match) => match[1] ?? '');
    const unknown = named.filter((name) => !known.has(name.replace(/_FILE$/, '')));
    expect(unknown).toEqual([]);
  });

  test.each(LISTS)('has one row for the list %s, with all its keys', (list) => {
    const rows = documentation.split('\n').filter((line) => line.startsWith(`| \`${list}\` |`));
    expect(rows).toHaveLength(1);
    const nested = list.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), [{ unheard_of: 'x' }]);
    const refusal = messageOf(() => loadConfig({}, () => JSON.stringify(nested)));
    const [, keys = ''] = /unheard_of: unknown key; known here: (.*)/.exec(refusal) ?? [];
    const missing = keys.split(', ').filter((key) => !rows[0]?.includes(`\`${key}\``));
    expect([keys.includes(', '), missing]).toEqual([true, []]);
  });

  test('gives an example that the loader takes', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(documentation)?.[1];
    const config = loadConfig({ OPENAI_API_KEY: 'sk-1' }, () => example);
    expect(config.models.upstreams.map(({ name }) => name)).toEqual(['openai', 'local']);
    expect(config.models.routes.map(({ name }) => name)).toEqual(['fast', 'careful']);
  });
});

describe('the table of settings', () => {
  test('has no name and no path twice', () => {
    const rows = describeSettings();
    const paths = rows.map(({ path }) => path).filter((path) => path !== '-');
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test('has only defaults that its own parsers take', () => {
    for (const variable of VARIABLES) {
      if ('default' in variable)
        expect([variable.name, variable.parser.parse(variable.default)]).not.toContain(undefined);
    }
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
    return '';
  } catch (cause) {
    return (cause as Error).message;
  }
}

function code(text: string): string {
  return text === '-' ? '-' : `\`${text}\``;
}
