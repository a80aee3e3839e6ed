import type { TracingConfig } from '../config.js';
import type { Values } from '../settings/variables.js';

/** Undefined: this deployment does not trace. */
export function readTracing(values: Values): TracingConfig | undefined {
  const url = values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? tracesBelow(values.OTEL_EXPORTER_OTLP_ENDPOINT);
  if (url === undefined || values.OTEL_SDK_DISABLED) return undefined;
  const { OTEL_SERVICE_NAME: serviceName } = values;
  return {
    url,
    headers: values.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    resource: values.OTEL_RESOURCE_ATTRIBUTES ?? {},
    ...(serviceName !== undefined && { serviceName }),
    ratio: values.OTEL_TRACES_SAMPLER_ARG,
    withContent: values.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT,
  };
}

const tracesBelow = (endpoint: string | undefined): string | undefined =>
  endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, '')}/v1/traces`;
