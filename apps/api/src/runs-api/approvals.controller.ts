import { type ApprovalMemory, GatewayError } from '#libs/contract';
import { Controller, Delete, Get, HttpCode, Inject, Param } from '@nestjs/common';
import { Owner } from '../edge/auth/owner.decorator.js';

export const APPROVAL_MEMORY = Symbol('APPROVAL_MEMORY');

/** Scopes that a key has allowed with "always". They can be listed and withdrawn. */
@Controller('v1/approvals')
export class ApprovalsController {
  constructor(@Inject(APPROVAL_MEMORY) private readonly memory: ApprovalMemory) {}

  @Get()
  async list(@Owner() owner: string): Promise<object> {
    const scopes = await this.memory.always(owner);
    return {
      object: 'list',
      data: scopes.map((scope) => ({ object: 'approval', scope })),
      has_more: false,
      next: null,
    };
  }

  /** @param scope from the list, URL-encoded. */
  @Delete(':scope')
  @HttpCode(200)
  async forget(@Param('scope') scope: string, @Owner() owner: string): Promise<object> {
    if (await this.memory.forget(owner, scope)) return { object: 'approval', scope, deleted: true };
    throw new GatewayError('not_found', 'Nothing like this was allowed for ever.');
  }
}
