import { ConfigError, loadConfig, type ServiceName } from '#libs/config';
import { TOOL_NAMES } from '#libs/contract';
import { createTools } from '../../../libs/tools/src/registry.js';
import { LiveTrees } from '../../../libs/tools/src/processes/live-trees.js';

const SERVERS = 'mcp_servers: [{ name: wiki, url: "https://wiki.example/mcp" }]';

function problemsOf(tools: string, file = SERVERS, service?: ServiceName): string {
  try {
    loadConfig({ TOOLS: tools }, () => file, service);
    return '';
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.message;
    throw cause;
  }
}

describe('names of tools in settings', () => {
  test.each(['', 'current_time', 'file_*', 'f*', 'wiki__*', 'wiki__search', 'wiki__se*', 'wi*', 'todo,terminal'])(
    '%j may stand there',
    (tools) => expect(problemsOf(tools)).toBe(''),
  );

  test.each([
    ['current_tiem', 'TOOLS is "current_tiem"; expected names of tools; did you mean current_time?'],
    ['Terminal', 'did you mean terminal?'],
    ['file_raed,todo', 'did you mean file_read?'],
    ['files_*', 'expected names of tools: current_time'],
    ['wikki__search', 'did you mean wiki__search?'],
    ['other__search', 'expected names of tools of servers in mcp_servers'],
    ['browser', `expected names of tools: ${TOOL_NAMES.join(', ')}`],
  ])('%j may not: %s', (tools, why) => {
    expect(problemsOf(tools)).toContain(why);
    expect(problemsOf(tools).split('\n')).toHaveLength(2);
  });

  test('toolsets are looked at, too, and only the worker cares', () => {
    const file = 'toolsets: [{ name: small, tools: [clock] }]';
    expect(problemsOf('todo', file)).toContain('toolsets[0].tools');
    expect(problemsOf('todo', file, 'worker')).toContain('toolsets[0].tools');
    expect(problemsOf('todo', file, 'api')).toBe('');
  });

  test('are those of the tools that there are', () => {
    const settings = { fetchAllowedHosts: [], workspaceDir: '/none', terminalCommand: ['sh'], terminalPath: '/bin' };
    expect(createTools(settings, new LiveTrees()).map(({ name }) => name)).toEqual([...TOOL_NAMES]);
  });
});
