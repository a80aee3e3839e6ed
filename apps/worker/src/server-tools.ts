import type { Config } from '#libs/config';
import type { Logger } from '#libs/platform';
import { ServerTools } from '#libs/tools';

/** Starts the tools that the configuration describes. Throws an Error that names the mistake in the configuration. */
export function openServerTools(config: Config, version: string, logger: Logger): ServerTools {
  const { fetchAllowedHosts, toolsBesideClientTools, workspaceDir, workspaceDaysMax, terminalCommand, terminalPath } =
    config.agent;
  const { toolsets, byKey, byModel, mcpServers } = config.tools;
  const tools = new ServerTools(
    {
      fetchAllowedHosts,
      workspaceDir,
      workspaceDaysMax,
      terminalCommand,
      terminalPath,
      toolsets: { everywhere: config.agent.tools, toolsets, byKey, byModel },
      mcpServers,
      besideClientTools: toolsBesideClientTools,
      version,
    },
    ({ server, level, text }) => logger[level]({ server }, text),
  );
  tools.start();
  return tools;
}
