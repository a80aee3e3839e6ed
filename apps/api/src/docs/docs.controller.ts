import { GatewayError } from '#libs/contract';
import { Public } from '#libs/platform';
import { Controller, Get, Header, Inject, Param, StreamableFile } from '@nestjs/common';
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ApiDocument } from './api-document.js';

/** The page: no inline script, so that the content security policy can forbid them. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Talaria API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;
const START = "window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true });\n";

/** The files that the page loads from swagger-ui, and no others: names are looked up, never joined from a request. */
const ASSETS: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
]);

/** /openapi.json and a page to read it, both public. */
@Public()
@Controller()
export class DocsController {
  constructor(@Inject(ApiDocument) private readonly document: ApiDocument) {}

  @Get('openapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  openapi(): Promise<string> {
    return this.document.json();
  }

  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return PAGE;
  }

  @Get('docs/start.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  start(): string {
    return START;
  }

  @Get('docs/:file')
  @Header('cache-control', 'public, max-age=3600')
  asset(@Param('file') file: string): StreamableFile {
    const type = ASSETS.get(file);
    if (type === undefined) throw new GatewayError('not_found', 'There is nothing at this path.');
    return new StreamableFile(createReadStream(join(assetFolder(), file)), { type });
  }
}

/** swagger-ui-dist comes with @nestjs/swagger, so its folder is resolved from there. */
function assetFolder(): string {
  const swagger = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  return dirname(swagger.resolve('swagger-ui-dist/package.json'));
}
