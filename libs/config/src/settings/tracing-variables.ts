import { headerPairs, httpUrl, oneOf, resourcePairs, share, text, yesOrNo } from '../values/parsers.js';
import type { Variable } from './variable.js';

/** OpenTelemetry's own variables, as far as they mean something here; without an endpoint there is no tracing. */
export const TRACING_VARIABLES = [
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    meaning:
      'collector that gets traces, by OTLP over HTTP at its `/v1/traces` ([tracing](tracing.md)); unset: no tracing',
    parser: httpUrl,
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    meaning: 'the same, as the whole URL',
    parser: httpUrl,
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    meaning: 'headers for the collector: `name=value,name=value`, values URL-encoded',
    secret: true,
    parser: headerPairs,
  },
  {
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    default: 'http/json',
    meaning: '`http/json`; `http/protobuf` is taken for it, because collectors read both at one port',
    parser: oneOf('http/json', 'http/protobuf'),
  },
  {
    name: 'OTEL_SERVICE_NAME',
    meaning: 'name of the service in traces; unset: `talaria-api`, `talaria-worker`, `talaria-scheduler`',
    parser: text,
  },
  {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    meaning: 'what else describes this process: `name=value,name=value`',
    parser: resourcePairs,
  },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    default: '1',
    meaning: 'share of the traces that begin here and are kept, 0 to 1; who sends a `traceparent` has decided',
    parser: share,
  },
  {
    name: 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT',
    default: 'false',
    meaning: 'tells what was said, too: messages, arguments and results of tools',
    parser: yesOrNo,
  },
  {
    name: 'OTEL_SDK_DISABLED',
    default: 'false',
    meaning: 'no tracing, whatever else is set',
    parser: yesOrNo,
  },
] as const satisfies readonly Variable[];
