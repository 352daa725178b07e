import { withRoom } from "../../codec/mod.ts";
import { encodeHeaders, type HeaderEntries } from "./headers.ts";

const encoder = new TextEncoder();
const CRLF = encoder.encode("\r\n");
const PING = encoder.encode("PING\r\n");
const PONG = encoder.encode("PONG\r\n");

/** The client's half of the NATS protocol: bytes that gather until they are taken and written. */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  #length = 0;

  /** Bytes that have gathered. */
  get length(): number {
    return this.#length;
  }

  /** Takes what has gathered; the array is the caller's. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(Math.min(Math.max(4096, this.#length), 65_536));
    this.#length = 0;
    return taken;
  }

  /** Discards what has gathered. */
  clear(): void {
    this.#length = 0;
  }

  connect(options: Readonly<Record<string, unknown>>): void {
    this.#text(`CONNECT ${JSON.stringify(options)}\r\n`);
  }

  /** PUB, or HPUB where there are headers; `reply` `""`: none. */
  publish(subject: string, reply: string, payload: Uint8Array, headers?: HeaderEntries): void {
    const target = reply === ""
      ? checkedSubject(subject)
      : `${checkedSubject(subject)} ${checkedSubject(reply)}`;
    if (headers === undefined) {
      this.#text(`PUB ${target} ${payload.length}\r\n`);
    } else {
      const head = encodeHeaders(headers);
      this.#text(`HPUB ${target} ${head.length} ${head.length + payload.length}\r\n`);
      this.#append(head);
    }
    this.#append(payload);
    this.#append(CRLF);
  }

  /** `queue` `""`: every subscriber gets every message. */
  subscribe(subject: string, sid: number, queue: string): void {
    const group = queue === "" ? "" : ` ${checkedSubject(queue)}`;
    this.#text(`SUB ${checkedSubject(subject)}${group} ${sid}\r\n`);
  }

  unsubscribe(sid: number): void {
    this.#text(`UNSUB ${sid}\r\n`);
  }

  ping(): void {
    this.#append(PING);
  }

  pong(): void {
    this.#append(PONG);
  }

  #text(text: string): void {
    // A UTF-16 unit takes three bytes at most.
    this.#reserve(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(count: number): void {
    this.#bytes = withRoom(this.#bytes, this.#length, count);
  }
}

/** A subject that cannot end its line or become two words. Throws `TypeError`. */
function checkedSubject(subject: string): string {
  if (subject === "") throw new TypeError("Cannot use an empty subject");
  for (let i = 0; i < subject.length; i++) {
    if (subject.charCodeAt(i) > 32) continue;
    throw new TypeError(`Cannot use ${JSON.stringify(subject)}: a subject has no white space`);
  }
  return subject;
}
