export type { McpLog, McpServerSettings } from './mcp/mcp-settings.js';
export { ServerTools, type ToolSettings } from './server-tools.js';
export type { ToolsetSettings } from './toolsets.js';
