import { startHttpServer } from './http-server.js';

/** A span as a collector reads it, its attributes as one plain object. */
export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly service: string;
  readonly status?: { readonly code: number; readonly message: string };
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

export interface OtlpCollector {
  /** Stands in OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: CollectedSpan[];
  /** Headers of the last request. */
  readonly headers: Record<string, unknown>;
  /** What it answers from now on. */
  status: number;
  close(): Promise<void>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A receiver of OTLP over HTTP (`/v1/traces`, JSON). Anything else is answered 404. */
export async function startCollector(): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = [];
  const headers: Record<string, unknown> = {};
  const collector = { spans, headers, status: 200 };
  const server = await startHttpServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const isExport = request.method === 'POST' && request.url === '/v1/traces';
      const isJson = request.headers['content-type'] === 'application/json';
      const status = isExport && isJson ? collector.status : 404;
      Object.assign(headers, request.headers);
      if (status === 200) spans.push(...spansIn(Buffer.concat(chunks).toString()));
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    })();
  });
  return Object.assign(collector, { url: `http://127.0.0.1:${server.port}`, close: () => server.close() });
}

function spansIn(text: string): CollectedSpan[] {
  const { resourceSpans } = JSON.parse(text) as {
    resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: RawSpan[] }[] }[];
  };
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(plain(resource.attributes)['service.name']);
    const raw = scopeSpans.flatMap((scope) => scope.spans);
    return raw.map((span) => ({ ...span, service, attributes: plain(span.attributes) }));
  });
}

type RawSpan = Omit<CollectedSpan, 'attributes' | 'service'> & { readonly attributes: Attribute[] };

function plain(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
