export type { McpServerSettings } from './mcp/mcp-settings.js';
export { WORKSPACE_LIMITS } from './workspace/limits.js';
export { Refusal } from './workspace/refusal.js';
export { isFilePath, parseFilePath } from './workspace/workspace-path.js';
export { Workspaces } from './workspace/workspaces.js';
export { ServerTools, type ToolSettings } from './server-tools.js';
