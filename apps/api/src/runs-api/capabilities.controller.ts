import { LIMITS } from '#libs/contract';
import type { Protocol } from '#libs/protocols';
import { Controller, Get, Inject } from '@nestjs/common';
import { ModelDirectory } from '../runs/model-directory.js';
import { CAPABILITY_ENDPOINTS, CAPABILITY_FEATURES, capabilitiesOf } from './capabilities.js';
import { VERSION } from '../models/health.controller.js';

export const AUTH_REQUIRED = Symbol('AUTH_REQUIRED');
/** The protocols that the gateway speaks. */
export const TOLD_PROTOCOLS = Symbol('TOLD_PROTOCOLS');

/** The features that clients probe before they use them (GET /v1/capabilities of the Hermes API server). */
@Controller('v1/capabilities')
export class CapabilitiesController {
  constructor(
    @Inject(VERSION) private readonly version: string,
    @Inject(ModelDirectory) private readonly models: ModelDirectory,
    @Inject(AUTH_REQUIRED) private readonly authRequired: boolean,
    @Inject(TOLD_PROTOCOLS) private readonly protocols: readonly Protocol[],
  ) {}

  @Get()
  async get(): Promise<object> {
    const [first] = await this.models.list();
    const { features, endpoints } = capabilitiesOf(this.protocols);
    return {
      object: 'hermes.api_server.capabilities',
      platform: 'talaria',
      version: this.version,
      model: first?.name ?? null,
      auth: { type: 'bearer', required: this.authRequired },
      runtime: { mode: 'server_agent', tool_execution: 'server', split_runtime: false },
      features: {
        ...CAPABILITY_FEATURES,
        ...features,
        idempotency: { supported: true, durable: true, retention_seconds: LIMITS.idempotencyTtlSeconds },
      },
      endpoints: { ...CAPABILITY_ENDPOINTS, ...endpoints },
    };
  }
}
