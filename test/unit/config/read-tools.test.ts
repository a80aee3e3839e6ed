import { ConfigError, loadConfig, type Environment, type ToolsConfig } from '#libs/config';

const toolsOf = (content: string, env: Environment = {}): ToolsConfig => loadConfig(env, () => content).tools;

function problemsOf(content: string, env: Environment = {}): string {
  try {
    toolsOf(content, env);
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.message;
    throw cause;
  }
  throw new Error('the configuration was taken');
}

const HOST = { PATH: '/bin', HOME: '/home/t', SECRET: 'sk-canary' };

describe('mcp_servers', () => {
  test('a program gets what is needed to run, what is passed on by name, and what the file says', () => {
    const { mcpServers } = toolsOf(
      `mcp_servers:
  - name: git-hub
    command: npx
    args: [-y, 'a,b', --x=1]
    env: { MODE: 'quick, please', HOME: /elsewhere }
    env_from: [TOKEN]
    tools: ['get_*', create issue]
    timeout_seconds: 7
    task_timeout_seconds: 600
    connect_timeout_seconds: 300
    approval: always
    images: false
`,
      { ...HOST, TOKEN: 'tok' },
    );
    const env = { PATH: '/bin', HOME: '/elsewhere', TOKEN: 'tok', MODE: 'quick, please' };
    expect(mcpServers).toEqual([
      {
        name: 'git-hub',
        transport: { kind: 'stdio', command: 'npx', args: ['-y', 'a,b', '--x=1'], env },
        tools: ['get_*', 'create issue'],
        timeoutSeconds: 7,
        taskTimeoutSeconds: 600,
        connectTimeoutSeconds: 300,
        approval: 'always',
        images: false,
      },
    ]);
  });

  test('a server on the network gets its headers and its token', () => {
    const { mcpServers } = toolsOf(
      "mcp_servers: [{ name: docs, url: 'http://10.0.0.7/mcp', headers: { X-Team: blue }, token_env: SECRET }]",
      HOST,
    );
    const headers = { 'X-Team': 'blue', Authorization: 'Bearer sk-canary' };
    expect(mcpServers).toEqual([
      {
        name: 'docs',
        transport: { kind: 'http', url: 'http://10.0.0.7/mcp', headers },
        timeoutSeconds: 60,
        taskTimeoutSeconds: 1_800,
        connectTimeoutSeconds: 60,
        approval: 'never',
        images: true,
      },
    ]);
  });

  test.each([
    ['neither command nor url', '{ name: a }', 'mcp_servers[0]: expected either command'],
    ['both', '{ name: a, command: x, url: "http://a" }', 'mcp_servers[0]: expected either command'],
    ['a header for a program', '{ name: a, command: x, headers: { A: b } }', 'mcp_servers[0].headers: has no meaning'],
    ['arguments for a URL', '{ name: a, url: "http://a", args: [b] }', 'mcp_servers[0].args: has no meaning'],
    ['a name with an underscore', '{ name: a_b, command: x }', 'mcp_servers[0].name'],
    ['no name', '{ command: x }', 'mcp_servers[0].name'],
    ['no http', '{ name: a, url: "ftp://a" }', 'mcp_servers[0].url'],
    ['arguments in one text', '{ name: a, command: x, args: "-y z" }', 'mcp_servers[0].args: expected a list of texts'],
    ['a list as environment', '{ name: a, command: x, env: [A=b] }', 'mcp_servers[0].env: expected names'],
    [
      'a nested environment',
      '{ name: a, command: x, env: { A: { B: canary } } }',
      'mcp_servers[0].env: expected names',
    ],
    ['a variable that is not set', '{ name: a, command: x, env_from: [NOPE] }', 'mcp_servers[0].env_from is "NOPE"'],
    ['a token that is not set', '{ name: a, url: "http://a", token_env: NOPE }', 'mcp_servers[0].token_env is "NOPE"'],
    ['more time than a tool may take', '{ name: a, command: x, timeout_seconds: 500 }', 'timeout_seconds is "500"'],
    ['no time for tasks', '{ name: a, command: x, task_timeout_seconds: 0 }', 'task_timeout_seconds is "0"'],
    ['no time to connect', '{ name: a, command: x, connect_timeout_seconds: 0 }', 'connect_timeout_seconds is "0"'],
    ['an unknown policy', '{ name: a, command: x, approval: sometimes }', 'mcp_servers[0].approval'],
    ['an unknown key', '{ name: a, command: x, cwd: / }', 'mcp_servers[0].cwd: unknown key'],
    ['a name used twice', '{ name: a, command: x }, { name: a, command: y }', 'mcp_servers[1].name is "a"'],
  ])('refused: %s', (_what, entry, problem) => {
    const message = problemsOf(`mcp_servers: [${entry}]`, HOST);
    expect(message).toContain(problem);
    expect(message).not.toContain('canary');
  });
});

describe('toolsets', () => {
  test('are lists of names, which keys and models refer to', () => {
    const tools = toolsOf(`
toolsets: [{ name: a, tools: ['file_*', todo] }, { name: b }]
auth: { keys: [{ name: ann, key: 4f0b6d7e92c81a35d6e0f7b8, toolsets: [a, b] }, { name: ci, key: 5f0b6d7e92c81a35d6e0f7b8 }] }
models: [{ name: m, upstream: demo, model: x, toolsets: a }]
`);
    expect(tools).toEqual({
      toolsets: [
        { name: 'a', tools: ['file_*', 'todo'] },
        { name: 'b', tools: [] },
      ],
      byKey: [{ name: 'ann', toolsets: ['a', 'b'] }],
      byModel: [{ name: 'm', toolsets: ['a'] }],
      mcpServers: [],
    });
  });

  test.each([
    [
      'a toolset that is not there',
      'models: [{ name: m, upstream: demo, model: x, toolsets: [z] }]',
      'models[0].toolsets is "z"',
    ],
    ['a name used twice', 'toolsets: [{ name: a }, { name: a }]', 'toolsets[1].name is "a"'],
    ['a star in the middle', "toolsets: [{ name: a, tools: ['a*b'] }]", 'toolsets[0].tools'],
    ['a star alone', "toolsets: [{ name: a, tools: ['*'] }]", 'toolsets[0].tools'],
  ])('refused: %s', (_what, content, problem) => {
    expect(problemsOf(content)).toContain(problem);
  });
});
