import type { Option } from "./option.ts";
import { BOOLEAN, choice, integer, jwtRow, PATH, TEXT, URL_TYPE } from "./rows.ts";

/** Who comes in with a JSON Web Token. */
export const JWT_OPTIONS: readonly Option[] = [
  jwtRow(
    "jwt_secret_file",
    "secretFile",
    PATH,
    "The secret of tokens by HS256, HS384 and HS512: the text of the file, or behind `base64:` its bytes; read again when it changes.",
    { defaultText: "none" },
  ),
  jwtRow(
    "jwt_public_key_file",
    "publicKeyFile",
    PATH,
    "Public keys or certificates in PEM, for tokens by RS, PS and ES with 256, 384 or 512, and EdDSA; read again when it changes.",
    { defaultText: "none" },
  ),
  jwtRow(
    "jwt_jwks_file",
    "jwksFile",
    PATH,
    "The same, and secrets, as a JSON Web Key Set; read again when it changes.",
    { defaultText: "none" },
  ),
  jwtRow(
    "jwt_jwks_url",
    "jwksUrl",
    URL_TYPE,
    "Where a server has a JSON Web Key Set; the keys that it gave last hold while it does not answer.",
    { defaultText: "none" },
  ),
  jwtRow(
    "jwt_jwks_ca_file",
    "jwksCaFile",
    PATH,
    "Certificates in PEM that the one of `jwt_jwks_url` may be from.",
    { defaultText: "those that everybody trusts" },
  ),
  jwtRow(
    "jwt_jwks_refresh",
    "jwksRefreshSeconds",
    integer(10, 86_400),
    "How often `jwt_jwks_url` is asked; also, at most once in ten seconds, when a token names a key that is not known.",
    { unit: "seconds" },
  ),
  jwtRow(
    "jwt_from",
    "from",
    choice("password", "username"),
    "Where a CONNECT has its token; 5.0 clients may bring it as Authentication Data instead.",
    {},
  ),
  jwtRow(
    "jwt_username_claim",
    "userNameClaim",
    { kind: "text", maxLength: 255 },
    "The claim that is the user name, whatever CONNECT says.",
    {},
  ),
  jwtRow(
    "jwt_clientid_claim",
    "clientIdClaim",
    TEXT,
    "The claim that the Client Identifier must be.",
    { defaultText: "none: any" },
  ),
  jwtRow(
    "jwt_acl_claim",
    "aclClaim",
    TEXT,
    'The claim with what the client may do: `{"pub": […], "sub": […], "all": […]}` with Topic Filters in which `%c` and `%u` stand for its Client ' +
      "Identifier and user name; a token without it gives no rights of its own.",
    { defaultText: "none: tokens say nothing of topics" },
  ),
  jwtRow(
    "jwt_audience",
    "audience",
    TEXT,
    "What a token's `aud` must be, or have in it.",
    { defaultText: "anything" },
  ),
  jwtRow(
    "jwt_issuer",
    "issuer",
    TEXT,
    "What a token's `iss` must be.",
    { defaultText: "anything" },
  ),
  jwtRow(
    "jwt_leeway",
    "leewaySeconds",
    integer(0, 600),
    "By how much a token's `exp` and `nbf` are stretched, since clocks differ.",
    { unit: "seconds" },
  ),
  jwtRow(
    "jwt_require_exp",
    "requireExpiry",
    BOOLEAN,
    "Whether a token that never expires is refused.",
    {},
  ),
  jwtRow(
    "jwt_authentication_method",
    "authenticationMethod",
    { kind: "text", maxLength: 255 },
    "The Authentication Method by which 5.0 clients bring a token, and with AUTH a new one before it expires.",
    {},
  ),
];
