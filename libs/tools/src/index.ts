export { checkRegistry, createTools, toolsNamed, type ToolEdges, type ToolSettings } from './registry.js';
