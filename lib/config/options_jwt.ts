import type { Option } from "./option.ts";
import { BOOLEAN, choice, integer, jwtRow, PATH, TEXT, URL_TYPE } from "./rows.ts";

/** How JSON Web Tokens are checked. */
export const JWT_OPTIONS: readonly Option[] = [
  jwtRow(
    "jwt_secret_file",
    "secretFile",
    PATH,
    "The file with the secret of tokens signed by HS256, HS384 or HS512: its text, or after `base64:` its decoded bytes; read again when it changes.",
  ),
  jwtRow(
    "jwt_public_key_file",
    "publicKeyFile",
    PATH,
    "A PEM file of public keys or certificates, for tokens signed by RS, PS or ES with 256, 384 or 512, or by EdDSA; read again when it changes.",
  ),
  jwtRow(
    "jwt_jwks_file",
    "jwksFile",
    PATH,
    "A file of public keys and secrets as a JSON Web Key Set; read again when it changes.",
  ),
  jwtRow(
    "jwt_jwks_url",
    "jwksUrl",
    URL_TYPE,
    "The URL of a JSON Web Key Set; while the server does not answer, its last keys stay valid.",
  ),
  jwtRow(
    "jwt_jwks_ca_file",
    "jwksCaFile",
    PATH,
    "A PEM file of the authorities that sign the certificate of `jwt_jwks_url`.",
    { defaultText: "the publicly trusted authorities" },
  ),
  jwtRow(
    "jwt_jwks_refresh",
    "jwksRefreshSeconds",
    integer(10, 86_400),
    "How often `jwt_jwks_url` is asked. It is also asked when a token names an unknown key, at most once in ten seconds.",
    { unit: "seconds" },
  ),
  jwtRow(
    "jwt_from",
    "from",
    choice("password", "username"),
    "The field of CONNECT that has the token; 5.0 clients may send it as Authentication Data instead.",
  ),
  jwtRow(
    "jwt_username_claim",
    "userNameClaim",
    TEXT,
    "The claim that is the user name; that of CONNECT is ignored.",
  ),
  jwtRow(
    "jwt_clientid_claim",
    "clientIdClaim",
    TEXT,
    "The claim that the Client Identifier must equal.",
    { defaultText: "none: any" },
  ),
  jwtRow(
    "jwt_acl_claim",
    "aclClaim",
    TEXT,
    'The claim that says what the client may do: `{"pub": [\u2026], "sub": [\u2026], "all": [\u2026]}` with Topic Filters in which `%c` and `%u` stand for its Client ' +
      "Identifier and user name; a token without it gives no rights of its own.",
    { defaultText: "none: tokens do not decide about topics" },
  ),
  jwtRow(
    "jwt_audience",
    "audience",
    TEXT,
    "The value that a token's `aud` must be or contain.",
    { defaultText: "anything" },
  ),
  jwtRow(
    "jwt_issuer",
    "issuer",
    TEXT,
    "The value that a token's `iss` must be.",
    { defaultText: "anything" },
  ),
  jwtRow(
    "jwt_leeway",
    "leewaySeconds",
    integer(0, 600),
    "The tolerance for a token's `exp` and `nbf`, since clocks differ.",
    { unit: "seconds" },
  ),
  jwtRow(
    "jwt_require_exp",
    "requireExpiry",
    BOOLEAN,
    "Whether a token that never expires is refused.",
  ),
  jwtRow(
    "jwt_authentication_method",
    "authenticationMethod",
    TEXT,
    "The Authentication Method with which 5.0 clients send a token, and with AUTH a new one before it expires.",
  ),
];
