import { SetMetadata, type CustomDecorator } from '@nestjs/common';

export const PUBLIC_ROUTE = 'public-route';

/** Marks a controller or a route as open to callers without a key. Every other route requires one. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC_ROUTE, true);
