import type { INestApplication } from '@nestjs/common';
import type { ProtocolRoute } from '../answering/protocol.controller.js';

/**
 * The OpenAPI document. @nestjs/swagger is loaded and the document is built at the first request for it. An API whose
 * document nobody requests saves the start-up time and 15 MB.
 */
export class ApiDocument {
  private app: INestApplication | undefined;
  private text: Promise<string> | undefined;

  constructor(
    private readonly protocols: readonly ProtocolRoute[],
    private readonly version: string,
  ) {}

  /** Names the application whose routes are described. */
  attach(app: INestApplication): void {
    this.app = app;
  }

  json(): Promise<string> {
    this.text ??= this.build();
    return this.text;
  }

  private async build(): Promise<string> {
    if (!this.app) throw new Error('the application to describe was not named');
    const { buildDocument } = await import('./document.js');
    return JSON.stringify(buildDocument(this.app, this.protocols, this.version));
  }
}
