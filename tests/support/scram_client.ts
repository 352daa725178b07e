import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";

/** The client's side of SCRAM-SHA-256, written from RFC 5802 alone; it shares no code with the broker. */
export class ScramClient {
  readonly #bare: string;
  readonly #password: string;
  #signed = "";
  #salted = new Uint8Array();

  constructor(user: string, password: string, nonce = crypto.randomUUID()) {
    this.#bare = `n=${user.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
    this.#password = password.replaceAll("\u00AD", "").normalize("NFKC");
  }

  /** The value of a line in a `scram_file`, with a given salt. */
  static credential(password: string, salt: string, iterations: number): string {
    const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), iterations, 32, "sha256");
    const storedKey = createHash("sha256").update(mac(salted, "Client Key")).digest("base64");
    return `SCRAM-SHA-256$${iterations}:${salt}$${storedKey}:${
      mac(salted, "Server Key").toString("base64")
    }`;
  }

  /** The first message. */
  first(): Uint8Array {
    return new TextEncoder().encode(`n,,${this.#bare}`);
  }

  /** The second message, which answers the server's challenge; the proof is valid for a changed nonce too. */
  final(challenge: Uint8Array, nonce?: string): Uint8Array {
    const text = new TextDecoder().decode(challenge);
    const field = (name: string) => new RegExp(`(?:^|,)${name}=([^,]*)`).exec(text)![1]!;
    const salt = Buffer.from(field("s"), "base64");
    this.#salted = new Uint8Array(
      pbkdf2Sync(this.#password, salt, Number(field("i")), 32, "sha256"),
    );
    const unproved = `c=biws,r=${nonce ?? field("r")}`;
    this.#signed = `${this.#bare},${text},${unproved}`;
    const clientKey = mac(this.#salted, "Client Key");
    const storedKey = createHash("sha256").update(clientKey).digest();
    const signature = mac(storedKey, this.#signed);
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!));
    return new TextEncoder().encode(`${unproved},p=${proof.toString("base64")}`);
  }

  /** Whether the server has proved that it has the password's keys. */
  isServer(last: Uint8Array): boolean {
    const expected = mac(mac(this.#salted, "Server Key"), this.#signed);
    const given = Buffer.from(new TextDecoder().decode(last).slice("v=".length), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

function mac(key: Uint8Array, text: string) {
  return createHmac("sha256", key).update(text).digest();
}
