import { GatewayError } from '#libs/contract';
import { Public } from '#libs/platform';
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PageFiles } from './page-files.js';
import { ASSETS_PATH, WEB_PATHS } from './pages.js';

const DOCUMENT = 'index.html';

/** Asset names carry a hash of their content, so a browser never has to ask for one again. */
const CACHE_ASSETS = 'public, max-age=31536000, immutable';

/** The web page. Public, as it holds nothing: what it shows it fetches with the key that its user gives. */
@Public()
@Controller()
export class PagesController {
  constructor(@Inject(PageFiles) private readonly files: PageFiles) {}

  /** The document names the assets of this version: it is asked for each time. */
  @Get([...WEB_PATHS])
  document(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send({ request, reply }, DOCUMENT, 'no-cache');
  }

  @Get(`${ASSETS_PATH}/:file`)
  asset(@Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.send({ request, reply }, `assets/${file}`, CACHE_ASSETS);
  }

  /** Throws GatewayError `not_found`: an API client that asks for `/` of a server without a page gets JSON. */
  private async send(
    { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
    name: string,
    cacheControl: string,
  ): Promise<void> {
    const file = await this.files.open(name, request.headers['accept-encoding']);
    if (!file) throw new GatewayError('not_found', 'There is nothing at this path.');
    void reply
      .headers({ 'cache-control': cacheControl, vary: 'Origin, Accept-Encoding' })
      .headers(file.encoding ? { 'content-encoding': file.encoding } : {})
      .type(file.type)
      .send(file.body);
  }
}
