/** Everything that can be said about tokens; every path may be `""`: there is no such file. */
export interface JwtOptions {
  /** The secret of HS256 to HS512. */
  readonly secretFile: string;
  /** Public keys or certificates in PEM. */
  readonly publicKeyFile: string;
  /** A JSON Web Key Set. */
  readonly jwksFile: string;
  /** Where a server has one; `""`: nowhere. */
  readonly jwksUrl: string;
  /** Certificates in PEM that the server's may be from; `""`: those that everybody trusts. */
  readonly jwksCaFile: string;
  /** Seconds after which the server is asked again. */
  readonly jwksRefreshSeconds: number;
  /** Where a CONNECT has its token. */
  readonly from: "password" | "username";
  /** The claim whose text is the user name. */
  readonly userNameClaim: string;
  /** The claim that must be the Client Identifier; `""`: none. */
  readonly clientIdClaim: string;
  /** The claim with rules for topics; `""`: tokens bring none. */
  readonly aclClaim: string;
  /** What `aud` must be, or have in it; `""`: anything. */
  readonly audience: string;
  /** What `iss` must be; `""`: anything. */
  readonly issuer: string;
  /** Seconds by which clocks may differ. */
  readonly leewaySeconds: number;
  /** Whether a token without `exp` is refused. */
  readonly requireExpiry: boolean;
  /** The Authentication Method by which 5.0 clients bring a token as Authentication Data. */
  readonly authenticationMethod: string;
}

/** The defaults. The configuration has the same, so as not to load this room at each start; a test compares them. */
export const DEFAULT_JWT_OPTIONS: JwtOptions = {
  secretFile: "",
  publicKeyFile: "",
  jwksFile: "",
  jwksUrl: "",
  jwksCaFile: "",
  jwksRefreshSeconds: 300,
  from: "password",
  userNameClaim: "sub",
  clientIdClaim: "",
  aclClaim: "",
  audience: "",
  issuer: "",
  leewaySeconds: 30,
  requireExpiry: true,
  authenticationMethod: "JWT",
};
