import { ERRORS, type ErrorCode } from '#libs/contract';
import { schemaOf, type DtoClass } from '#libs/protocols';
import type { Type } from '@nestjs/common';
import { ApiBody, ApiQuery, ApiResponse } from '@nestjs/swagger';

/** Schema of an answer that is an object, described only in words. */
export const OBJECT = { type: 'object' };
/** The header of routes that create something other than a run. */
export const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  description: 'Same key and body, same answer; kept for 24 hours.',
};
const ERROR_CONTENT = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };

/** The body of a route, from the rules of its DTO class. */
export function body(cls: DtoClass, more: { readonly required?: boolean } = {}): MethodDecorator {
  return ApiBody({ ...more, schema: { ...schemaOf(cls) } });
}

/** The parameters of a route's query, from the rules of their DTO class. */
export function queries(cls: DtoClass): MethodDecorator[] {
  const properties = Object.entries(schemaOf(cls)['properties'] as Readonly<Record<string, Fragment>>);
  return properties.map(([name, { description, ...schema }]) =>
    ApiQuery({ name, required: false, ...(description !== undefined && { description }), schema }),
  );
}

type Fragment = Readonly<Record<string, unknown>> & { readonly description?: string };

/** The error answers of a route, with the codes that each status can carry. */
export function errors(...statuses: readonly number[]): MethodDecorator[] {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  return statuses.map((status) => {
    const description = codes.filter((code) => ERRORS[code].status === status).join(', ');
    return ApiResponse({ status, description, content: ERROR_CONTENT });
  });
}

const described = new WeakSet<Type<unknown>>();

/** Decorates a controller and its methods, unless another application in this process has already done so. */
export function once(
  controller: Type<unknown>,
  onClass: ClassDecorator,
  onMethods: Readonly<Record<string, readonly MethodDecorator[]>>,
): void {
  if (described.has(controller)) return;
  described.add(controller);
  onClass(controller);
  for (const [name, decorators] of Object.entries(onMethods)) {
    const prototype = controller.prototype as object;
    const method = Object.getOwnPropertyDescriptor(prototype, name);
    if (!method) throw new Error(`${controller.name} has no ${name} to describe`);
    for (const decorate of decorators) decorate(prototype, name, method);
  }
}
