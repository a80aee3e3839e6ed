import type { Inlet, Platform } from '#libs/messengers';
import { Public } from '#libs/platform';
import { Body, Controller, Headers, HttpCode, HttpException, Inject, Param, Post } from '@nestjs/common';

/** What webhooks lead to: the platforms that have one, and where updates go. */
export interface WebhookDoors {
  readonly platforms: readonly Platform[];
  inletOf(platform: string): Inlet;
}

export const WEBHOOK_DOORS = Symbol('WEBHOOK_DOORS');

/**
 * POST /webhooks/{platform}: updates that a platform brings. It answers as soon as the update is safe, because a
 * platform brings one again that is answered late; 503 says that it should. Bodies come as they are: what was signed is
 * their text.
 */
@Public()
@Controller('webhooks')
export class WebhooksController {
  constructor(@Inject(WEBHOOK_DOORS) private readonly doors: WebhookDoors) {}

  @Post(':platform')
  @HttpCode(200)
  async take(
    @Param('platform') name: string,
    @Headers() headers: Readonly<Record<string, unknown>>,
    @Body() body: unknown,
  ): Promise<object> {
    const platform = this.doors.platforms.find(({ capabilities }) => capabilities.webhook?.path === name);
    if (!platform) throw new HttpException('There is no such webhook.', 404);
    const text = typeof body === 'string' ? body : '';
    const isGenuine = platform.capabilities.webhook?.isGenuine(headers, text, Date.now());
    if (!isGenuine) throw new HttpException('The secret or the signature is wrong.', 401);
    try {
      const inlet = this.doors.inletOf(platform.name);
      return (await platform.receive(inlet, new AbortController().signal, text)) ?? {};
    } catch {
      throw new HttpException('The update could not be kept. Bring it again.', 503);
    }
  }
}
