import { GatewayError } from '#libs/contract';
import { Public } from '#libs/platform';
import { Controller, Get, Headers, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { PageFiles } from './page-files.js';
import { ASSETS_PATH, WEB_PATHS } from './pages.js';

const DOCUMENT = 'index.html';

/** The header with the encodings that a browser accepts. */
const ACCEPTS = 'accept-encoding';

/** Asset names contain a hash of their content, so a browser never has to request one again. */
const CACHE_ASSETS = 'public, max-age=31536000, immutable';

/** The web page. Public, because it holds no data: it fetches everything with the key that its user enters. */
@Public()
@Controller()
export class PagesController {
  constructor(@Inject(PageFiles) private readonly files: PageFiles) {}

  /** The document names the assets of this version, so browsers request it each time. */
  @Get([...WEB_PATHS])
  document(@Headers(ACCEPTS) accepts: string | undefined, @Res() reply: FastifyReply): Promise<void> {
    return this.send({ accepts, reply }, DOCUMENT, 'no-cache');
  }

  @Get(`${ASSETS_PATH}/:file`)
  asset(
    @Param('file') file: string,
    @Headers(ACCEPTS) accepts: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.send({ accepts, reply }, `assets/${file}`, CACHE_ASSETS);
  }

  /** Throws GatewayError `not_found`, so an API client that requests `/` of a server without a page gets JSON. */
  private async send(
    { accepts, reply }: { readonly accepts: string | undefined; readonly reply: FastifyReply },
    name: string,
    cacheControl: string,
  ): Promise<void> {
    const file = await this.files.open(name, accepts);
    if (!file) throw new GatewayError('not_found', 'There is nothing at this path.');
    void reply
      .headers({ 'cache-control': cacheControl, vary: 'Origin, Accept-Encoding' })
      .headers(file.encoding ? { 'content-encoding': file.encoding } : {})
      .type(file.type)
      .send(file.body);
  }
}
