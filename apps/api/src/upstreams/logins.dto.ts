import { Described, IsString, IsText, NothingElse } from '#libs/protocols';

const NAME_CHARS_MAX = 64;

/** The query of routes for `upstream` or the first one. */
export class UpstreamQuery {
  @IsText(NAME_CHARS_MAX)
  @Described('Absent: the first upstream with a login.')
  upstream?: string;

  @IsText(NAME_CHARS_MAX)
  @Described('The same, as clients of the Lingma gateway say it.')
  instance?: string;
}

/** The same in a body, which may be empty. */
@NothingElse('is not a field here; only upstream is.')
export class UpstreamDto {
  @IsText(NAME_CHARS_MAX)
  @Described('Absent: the first upstream with a login.')
  upstream?: string;
}

/** The body of POST /internal/upstreams/{name}/login; it may be empty. */
@NothingElse('is not a field here; only bundle and bundle_b64 are.')
export class LoginDto {
  @IsString()
  @Described('Of an export by another deployment with the same secret.')
  bundle?: string;

  @IsString()
  @Described('The same as base64, as clients of the Lingma gateway keep it.')
  bundle_b64?: string;
}
