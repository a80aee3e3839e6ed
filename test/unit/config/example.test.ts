import { readFileSync } from 'node:fs';
import { loadConfig, readConfig, VARIABLES } from '#libs/config';

const example = readFileSync('talaria.example.yaml', 'utf8');

describe('talaria.example.yaml', () => {
  test('as it is, changes nothing', () => {
    expect(loadConfig({}, () => example)).toEqual(loadConfig({}, () => undefined));
  });

  test('with its commented settings, makes every setting that a file can make', () => {
    const full = example.replace(/^( *)#(?! )/gm, '$1').replace(/^# {2}(?=[- a-z])/gm, '  ');
    const env = {
      ANN_KEY: 'one',
      CI_KEY: 'two',
      OPENAI_API_KEY: 'three',
      ANTHROPIC_API_KEY: 'four',
      GITHUB_TOKEN: 'five',
      DOCS_TOKEN: 'six',
      AGENTS_KEY: 'seven',
    };
    const { config, given } = readConfig(env, () => full);
    const inFile = VARIABLES.filter((variable) => 'path' in variable).map(({ name }) => name);
    expect(inFile.filter((name) => !given.has(name))).toEqual([]);
    expect(config.auth.keys.map(({ name, role }) => `${name}/${role}`)).toEqual(['ann/admin', 'ci/user']);
    expect(config.models.upstreams.map(({ name }) => name)).toEqual([
      'openai',
      'anthropic',
      'local',
      'agents',
      'vendor',
      'second',
    ]);
    expect(config.models.routes).toHaveLength(4);
    expect(config.tools.toolsets.map(({ name }) => name)).toEqual(['work', 'shell']);
    expect([...config.tools.byKey, ...config.tools.byModel]).toEqual([
      { name: 'ci', toolsets: ['work'] },
      { name: 'careful', toolsets: ['work', 'shell'] },
    ]);
    expect(config.tools.mcpServers.map(({ name, transport }) => `${name}/${transport.kind}`)).toEqual([
      'folder/stdio',
      'docs/http',
    ]);
  });
});
