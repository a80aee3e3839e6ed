import type { Tool as McpToolInfo } from '@modelcontextprotocol/client';
import { LIMITS, type JsonObject, type Tool } from '#libs/contract';
import { isNamed } from '../../toolsets.js';
import { MCP_LIMITS, type McpServerSettings } from '../mcp-settings.js';
import { toolNameOf } from './tool-names.js';

/**
 * The tools of a server in the form that models are offered. `refused` says why a tool was left out: its name is taken,
 * its schema is too large, or there are too many tools.
 */
export function offeredTools(
  settings: McpServerSettings,
  found: readonly McpToolInfo[],
  executeNamed: (tool: McpToolInfo) => Tool['execute'],
): { readonly tools: readonly Tool[]; readonly refused: readonly string[] } {
  const tools = new Map<string, Tool>();
  const refused: string[] = [];
  for (const info of [...found].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (settings.tools && !isNamed(info.name, settings.tools)) continue;
    const name = toolNameOf(settings.name, info.name);
    const shown = JSON.stringify(info.name.slice(0, 100));
    if (tools.has(name)) refused.push(`the tool ${shown} is left out: another tool is offered as '${name}'`);
    else if (tools.size >= MCP_LIMITS.toolsMax) refused.push(`the tool ${shown} is left out: there are too many`);
    else if (JSON.stringify(info.inputSchema).length > LIMITS.toolSchemaBytesMax) {
      refused.push(`the tool ${shown} is left out: its schema is too large`);
    } else tools.set(name, offered(settings, { name, info, execute: executeNamed(info) }));
  }
  return { tools: [...tools.values()], refused };
}

function offered(
  { name: server, approval }: McpServerSettings,
  { name, info, execute }: { readonly name: string; readonly info: McpToolInfo; readonly execute: Tool['execute'] },
): Tool {
  const { title, description = title ?? `The tool ${info.name} of ${server}.`, annotations, inputSchema } = info;
  return {
    name,
    description: description.slice(0, MCP_LIMITS.descriptionCharsMax),
    parameters: inputSchema as JsonObject,
    // These are only hints, but from a server that the operator chose.
    idempotent: annotations?.readOnlyHint === true || annotations?.idempotentHint === true,
    approval,
    execute,
  };
}
