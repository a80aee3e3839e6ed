import { resemblingSettings, VARIABLES } from '#libs/config';

test.each([
  ['OPENAI_BASEURL', 'OPENAI_BASE_URL'],
  ['OPENAI_BSAE_URL', 'OPENAI_BASE_URL'],
  ['OPENAI_API_KEYS', 'OPENAI_API_KEY'],
  ['OPENAI_API_BASE', 'OPENAI_BASE_URL'],
  ['API_KEY', 'API_KEYS'],
  ['TOOL', 'TOOLS'],
  ['DATABSE_URL', 'DATABASE_URL'],
  ['API_SERVER_KEY_FLIE', 'API_SERVER_KEY_FILE'],
  ['TALARIA_PORT', 'API_SERVER_PORT'],
])('%s is taken for a misspelt %s', (name, meant) => {
  const [warning, ...others] = resemblingSettings({ [name]: 'secret-value' });
  expect(others).toEqual([]);
  expect(warning).toContain(name);
  expect(warning).toContain(`Did you mean ${meant}?`);
  expect(warning).not.toContain('secret-value');
});

test('a name of ours that resembles nothing is told, too', () => {
  expect(resemblingSettings({ TALARIA_SOMETHING: '1' })).toEqual([
    'TALARIA_SOMETHING is no setting, and nobody reads it. See npm start -- --help',
  ]);
});

test('what belongs to others, is a setting, or is empty is not spoken of', () => {
  const settings = Object.fromEntries(VARIABLES.map(({ name }) => [name, 'x']));
  expect(resemblingSettings(settings)).toEqual([]);
  const others = [
    'PATH',
    'HOME',
    'TERM',
    'PORT',
    'NODE_ENV',
    'OPENAI_ORG_ID',
    'REDIS_HOST',
    'PGHOST',
    'SHELL',
    'LS_COLORS',
  ];
  expect(resemblingSettings(Object.fromEntries(others.map((name) => [name, 'x'])))).toEqual([]);
  expect(resemblingSettings({ OPENAI_BASEURL: '', TALARIA_URL: 'x', API_SERVER_KEY_FILE: 'x' })).toEqual([]);
});

test('a variable that the settings file names is read', () => {
  expect(resemblingSettings({ OPENAI_API_KEY2: 'x' })).toHaveLength(1);
  expect(resemblingSettings({ OPENAI_API_KEY2: 'x', OPENAI_API_KEY2_FILE: 'x' }, ['OPENAI_API_KEY2'])).toEqual([]);
});
