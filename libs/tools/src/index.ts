export type { McpServerSettings } from './mcp/mcp-settings.js';
export { ServerTools, type ToolSettings } from './server-tools.js';
