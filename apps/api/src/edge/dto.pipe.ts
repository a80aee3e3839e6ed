import { parseDto, parseQuery, type DtoClass } from '#libs/protocols';
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';

/**
 * Parses and checks a parameter of a route: `@Body(dto(CreateJobDto)) body: CreateJobDto`, `@Query(dto(RunListQuery))
 * query: RunListQuery`. Throws GatewayError (400) that names the field, like `parseDto` and `parseQuery`.
 * @param isOptional a request without a body counts as one with an empty object.
 */
export function dto<Dto extends object>(cls: DtoClass<Dto>, { isOptional = false } = {}): PipeTransform<unknown, Dto> {
  return {
    transform: (value: unknown, { type }: ArgumentMetadata) => {
      if (type === 'query') return parseQuery(cls, value);
      return parseDto(cls, isOptional && value === undefined ? {} : value);
    },
  };
}
