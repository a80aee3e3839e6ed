import type { Config } from '#libs/config';
import type { ToolInfo } from '#libs/contract';
import { Controller, Get, Inject } from '@nestjs/common';
import { Owner } from '../edge/auth/owner.decorator.js';
import { ModelDirectory } from '../runs/model-directory.js';

export const KEY_TOOLSETS = Symbol('KEY_TOOLSETS');

/** Which toolsets keys are limited to. */
export type KeyToolsets = Config['tools']['byKey'];

/** The tools that the gateway executes for a key. */
@Controller('v1/tools')
export class ToolsController {
  constructor(
    @Inject(ModelDirectory) private readonly models: ModelDirectory,
    @Inject(KEY_TOOLSETS) private readonly keyToolsets: KeyToolsets,
  ) {}

  /** What this key may use; a model that is limited to toolsets may leave some of it out. */
  @Get()
  async list(@Owner() owner: string): Promise<object> {
    const limits = this.keyToolsets.find(({ name }) => name === owner)?.toolsets;
    const mayUse = ({ everywhere, toolsets }: ToolInfo): boolean =>
      limits ? toolsets.some((name) => limits.includes(name)) : everywhere;
    const tools = (await this.models.toolInfos()).filter(mayUse);
    return { object: 'list', data: tools.map(toolObject), has_more: false, next: null };
  }
}

const toolObject = ({ name, description, approval, mcpServer, toolsets }: ToolInfo): object => ({
  object: 'tool',
  name,
  description,
  source: mcpServer === undefined ? 'built_in' : 'mcp',
  mcp_server: mcpServer ?? null,
  approval,
  toolsets,
});
