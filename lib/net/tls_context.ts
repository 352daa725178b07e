import { createPrivateKey, X509Certificate } from "node:crypto";
import type { TlsOptions } from "node:tls";
import type { LogPort } from "../broker/mod.ts";
import type { ByteStream, Peer, TlsLayer } from "./byte_stream.ts";
import { completeChain } from "./certificate_chain.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import { RevocationLists } from "./revocation_lists.ts";
import type { TlsInit } from "./tls_init.ts";
import { TlsStream } from "./tls_stream.ts";
import { VerifiedCertificates } from "./verified_certificates.ts";

/** Time between two checks of the files, so that renewed certificates need no signal. */
const WATCH_MS = 3000;

/** The contents of the files. */
interface Loaded {
  readonly options: TlsOptions;
  /** Certificates of those who may sign client certificates; and the client certificates seen, if clients must have one. */
  readonly authorities: readonly string[];
  readonly verified: VerifiedCertificates | undefined;
  readonly revocations: RevocationLists | undefined;
}

/**
 * The certificates and keys of one listener. Changed files are read again; if they are invalid the old ones stay, and the error is logged.
 * Open connections keep the ones they began with.
 */
export class TlsContext implements TlsLayer {
  readonly #init: TlsInit;
  readonly #log: LogPort;
  #loaded: Loaded;
  /** The state of the files when they were last read, and when reading last failed. */
  #stamp: string;
  #failedStamp = "";
  readonly #timer: ReturnType<typeof setInterval>;

  /** Reads the files; throws a `TypeError` that says what is wrong with them. */
  constructor(init: TlsInit, log: LogPort) {
    this.#init = init;
    this.#log = log;
    this.#stamp = stampOf(init);
    this.#loaded = load(init, log);
    this.#timer = setInterval(() => this.#look(), init.watchMs ?? WATCH_MS);
  }

  /** {@linkcode TlsLayer.open} */
  open(
    below: ByteStream,
    peer: Peer,
    buffers: ReadBuffers,
    onRefused: (reason: string) => void,
  ): ByteStream {
    const { options, verified, revocations } = this.#loaded;
    const refusal = (certificate: Uint8Array | undefined, isResumed: boolean) => {
      const nowMs = Date.now();
      return verified?.refusal(certificate, isResumed, nowMs) ??
        (certificate === undefined ? undefined : revocations?.refusal(certificate, nowMs));
    };
    return new TlsStream(below, { options, refusal, peer, buffers, onRefused });
  }

  /** {@linkcode TlsLayer.reload} */
  reload(): void {
    this.#stamp = stampOf(this.#init);
    this.#failedStamp = "";
    this.#load(true);
  }

  /** {@linkcode TlsLayer.close} */
  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const stamp = stampOf(this.#init);
    if (stamp === this.#stamp) return;
    // Certificate and key are two files. For a moment only one of them may be new, so an error is reported only if it persists.
    if (!this.#load(stamp === this.#failedStamp)) {
      if (stamp === this.#failedStamp) this.#stamp = stamp; // Reported once.
      this.#failedStamp = stamp;
      return;
    }
    this.#stamp = stamp;
  }

  #load(saysFailure: boolean): boolean {
    const { certfile } = this.#init;
    try {
      const loaded = load(this.#init);
      const { authorities, verified } = this.#loaded;
      // Verified certificates stay valid as long as the authorities are the same.
      const isSame = authorities.join() === loaded.authorities.join();
      this.#loaded = isSame ? { ...loaded, verified } : loaded;
      this.#log.info("The certificate is read again", { certfile });
      return true;
    } catch (error) {
      if (saysFailure) {
        const message = error instanceof Error ? error.message : String(error);
        this.#log.error(`The old certificate stays: ${message}`, { certfile });
      }
      return false;
    }
  }
}

/** Reads the files. `log` is given once, when the listener opens, to report an incomplete chain. */
function load(init: TlsInit, log?: LogPort): Loaded {
  const { certfile, keyfile, requireCertificate = false, minVersion = "TLSv1.2" } = init;
  const { alpnProtocols = ["mqtt"] } = init;
  const cert = readText(certfile);
  const key = readText(keyfile);
  const own = certificatesIn(cert, certfile);
  checkKey(own[0]!, key, init);
  const authorities = readAuthorities(init);
  const { missing, isComplete, lastIssuer } = completeChain(
    own,
    authorities.flatMap((text) => certificatesIn(text, "cafile")),
  );
  if (!isComplete) {
    log?.warning(
      "The certificate's issuer is in none of the files: clients that do not know it refuse the certificate",
      {
        certfile,
        issuer: lastIssuer.replaceAll("\n", ", "),
      },
    );
  }
  const { crlfile } = init;
  return {
    options: {
      cert: [cert, ...missing].join("\n"),
      key,
      minVersion,
      ALPNProtocols: [...alpnProtocols],
      requestCert: requireCertificate,
      rejectUnauthorized: requireCertificate,
      ...requireCertificate ? { ca: authorities } : {},
    },
    authorities: requireCertificate ? authorities : [],
    verified: requireCertificate ? new VerifiedCertificates() : undefined,
    revocations: crlfile === undefined
      ? undefined
      : new RevocationLists(readText(crlfile), authorities),
  };
}

function checkKey(certificate: X509Certificate, key: string, { certfile, keyfile }: TlsInit): void {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(key)) {
    throw new TypeError(
      `Cannot use ${keyfile}: the key is encrypted; write it without a passphrase ` +
        "(openssl pkey -in KEY -out NEW) and let nobody but the broker read it",
    );
  }
  let fits: boolean;
  try {
    fits = certificate.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new TypeError(`Cannot read ${keyfile}: it has no private key in PEM (${reason(error)})`);
  }
  if (!fits) throw new TypeError(`Cannot use ${keyfile}: it is not the key of ${certfile}`);
}

/** Reads the certificates of `cafile` and of every file in `capath`. */
function readAuthorities({ cafile, capath }: TlsInit): string[] {
  if (cafile === undefined && capath === undefined) return [];
  const paths = cafile === undefined ? [] : [cafile];
  if (capath !== undefined) paths.push(...filesIn(capath));
  const texts = paths.map((path) => [path, readText(path)] as const)
    // The directory may hold other files.
    .filter(([path, text]) => path === cafile || text.includes("-----BEGIN CERTIFICATE-----"));
  for (const [path, text] of texts) certificatesIn(text, path);
  if (texts.length === 0) throw new TypeError(`Cannot find a certificate in ${capath}`);
  return texts.map(([, text]) => text);
}

function certificatesIn(text: string, path: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (blocks === null) throw new TypeError(`Cannot read ${path}: it has no certificate in PEM`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new TypeError(`Cannot read ${path}: a certificate is damaged (${reason(error)})`);
  }
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new TypeError(`Cannot read ${path}: ${reason(error)}`);
  }
}

function filesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].filter((entry) => !entry.isDirectory)
      .map((entry) => `${directory}/${entry.name}`).sort();
  } catch (error) {
    throw new TypeError(`Cannot list ${directory}: ${reason(error)}`);
  }
}

/** Returns a text that changes whenever one of the files changes or is replaced. */
function stampOf({ certfile, keyfile, cafile, capath, crlfile }: TlsInit): string {
  const files = [certfile, keyfile, cafile, crlfile].filter((path) => path !== undefined);
  if (capath !== undefined) {
    try {
      files.push(...filesIn(capath));
    } catch {
      return `no ${capath}`;
    }
  }
  return files.map((path) => {
    try {
      const { ino, size, mtime } = Deno.statSync(path);
      return `${path} ${ino} ${size} ${mtime?.getTime()}`;
    } catch {
      return `no ${path}`;
    }
  }).join("\n");
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
