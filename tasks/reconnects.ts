/**
 * Shows what it costs the broker when clients with JSON Web Tokens connect, and reconnect, as a table in Markdown.
 *
 *     deno task reconnects                     5,000 clients by each algorithm
 *     deno task reconnects --clients 1000
 *
 * Each client has a token of its own. `no token` are anonymous clients, which show the cost of a connection itself. `first` is the first
 * time that the broker sees the tokens, `again` the second, with new connections. Each row has a broker process of its own, without a
 * store; the clients run in this one, some of them at a time. Needs Linux.
 *
 * @module
 */
import { encodePacket } from "../lib/codec/mod.ts";
import { readFlags } from "./flags.ts";
import { printHead, printRow, run, show } from "./measure/command.ts";
import { inGroups, placeOf, processorMs, requireLinux, startBroker } from "./measure/process.ts";

const USE = `Shows what clients with tokens cost the broker when they come, and come back.

  --clients COUNT   default: 5000
  --epoll           plain connections go by epoll; default: by Deno's sockets`;
/** Clients that connect at once. */
const AT_ONCE = 50;
/** Clients that connect before the measurement, so that the JIT compiler has optimized. */
const WARM_UP = 500;

const flags = readFlags(USE, { clients: 5000, epoll: false });

/** How tokens are signed: the name of the algorithm, and WebCrypto's parameters. */
interface Signing {
  readonly algorithm: string;
  readonly name: AlgorithmIdentifier | EcdsaParams;
  readonly generate:
    | RsaHashedKeyGenParams
    | EcKeyGenParams
    | HmacKeyGenParams
    | AlgorithmIdentifier;
}

const SIGNINGS: readonly Signing[] = [
  { algorithm: "HS256", name: "HMAC", generate: { name: "HMAC", hash: "SHA-256", length: 512 } },
  { algorithm: "EdDSA", name: "Ed25519", generate: "Ed25519" },
  {
    algorithm: "ES256",
    name: { name: "ECDSA", hash: "SHA-256" },
    generate: { name: "ECDSA", namedCurve: "P-256" },
  },
  {
    algorithm: "RS256",
    name: "RSASSA-PKCS1-v1_5",
    generate: {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
  },
];

/** Makes tokens for `count` users, and writes the key that verifies them to a file. */
async function makeTokens(signing: Signing, count: number, directory: string) {
  const usages: KeyUsage[] = ["sign", "verify"];
  const made = await crypto.subtle.generateKey(signing.generate, true, usages);
  const isPair = "privateKey" in made;
  const key = isPair ? made.privateKey : made as CryptoKey;
  const path = `${directory}/key`;
  if (isPair) {
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", made.publicKey)).toBase64();
    await Deno.writeTextFile(
      path,
      `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`,
    );
  } else {
    const secret = new Uint8Array(await crypto.subtle.exportKey("raw", key));
    await Deno.writeTextFile(path, `base64:${secret.toBase64()}\n`, { mode: 0o600 });
  }
  const tokens = await inGroups(count, AT_ONCE, async (i) => {
    const unsigned = [{ alg: signing.algorithm, typ: "JWT" }, {
      sub: `device-${i}`,
      aud: "mqtt",
      exp: Math.floor(Date.now() / 1000) + 3600,
    }].map((part) => base64url(new TextEncoder().encode(JSON.stringify(part)))).join(".");
    const signature = await crypto.subtle.sign(
      signing.name,
      key,
      new TextEncoder().encode(unsigned),
    );
    return `${unsigned}.${base64url(new Uint8Array(signature))}`;
  });
  return { tokens, flag: isPair ? `--jwt-public-key-file=${path}` : `--jwt-secret-file=${path}` };
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Connects a client, waits until it is accepted, and disconnects it. */
async function comeAndGo(
  place: Deno.ConnectOptions,
  clientId: string,
  token: string | undefined,
): Promise<void> {
  using stream = await Deno.connect(place);
  const password = token === undefined ? {} : { password: new TextEncoder().encode(token) };
  const common = { type: "connect", protocolVersion: 5, cleanStart: true } as const;
  await stream.write(encodePacket({ ...common, keepAliveSeconds: 60, clientId, ...password }, 5));
  const answer = new Uint8Array(256);
  const count = await stream.read(answer) ?? 0;
  if (count < 4 || answer[0] !== 0x20 || answer[3] !== 0) {
    throw new Error(`${clientId} is not let in: ${answer.subarray(0, count)}`);
  }
}

/** Measures one row. */
async function measure(signing: Signing | undefined): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const count = flags.clients + WARM_UP;
    const made = signing && await makeTokens(signing, count, directory);
    const broker = await startBroker({
      isEpoll: flags.epoll,
      flags: made === undefined ? [] : [made.flag, "--jwt-audience=mqtt"],
    });
    try {
      const place = placeOf(broker);
      const come = (i: number) => comeAndGo(place, `device-${i}`, made?.tokens[i]);
      await inGroups(WARM_UP, AT_ONCE, (i) => come(flags.clients + i));
      const passes: number[] = [];
      for (let pass = 0; pass < 2; pass++) {
        const startedMs = processorMs(broker.pid);
        await inGroups(flags.clients, AT_ONCE, come);
        passes.push(processorMs(broker.pid) - startedMs);
      }
      printRow([signing?.algorithm ?? "no token", ...passes.map((ms) => show(ms))]);
    } finally {
      await broker[Symbol.asyncDispose]();
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

requireLinux();
await run(async () => {
  printHead([`${show(flags.clients)} clients`, "first, ms of processor", "again, ms of processor"]);
  for (const signing of [undefined, ...SIGNINGS]) await measure(signing);
});
