/**
 * Writes a file as mosquitto 1.6 does (version 5), or 2.0 (version 6), from the facts of the format: a head of 15 magic bytes, a
 * checksum of 0 and the version, then chunks with kind and length before them. Lengths and 16 or 32 bits are in the order of the
 * network, 64 bits in the machine's. No mosquitto 1.6 is at hand where this is tested, but 2.0
 * reads its files: `version5_test.ts` has it read these.
 */
export class DatabaseWriter {
  readonly #parts: Uint8Array[] = [];
  readonly #version: number;

  constructor(version: number) {
    this.#version = version;
    const magic = [0, 0xb5, 0, ...new TextEncoder().encode("mosquitto db")];
    this.#parts.push(Uint8Array.from([...magic, 0, 0, 0, 0, ...uint32(version)]));
    this.chunk(1, [...uint64(9), 1, 8, 0, 0, 0, 0, 0, 0]);
  }

  /** One of any kind. */
  chunk(kind: number, body: readonly number[]): this {
    this.#parts.push(Uint8Array.from([...uint32(kind), ...uint32(body.length), ...body]));
    return this;
  }

  /** A message; `properties`: encoded, with their length. */
  message(
    id: number,
    topic: string,
    payload: string,
    more: {
      expiresAt?: number;
      qos?: number;
      retain?: boolean;
      user?: string;
      properties?: number[];
    } = {},
  ): this {
    const { expiresAt = 0, qos = 1, retain = false, user = "", properties = [] } = more;
    const source = "pump";
    return this.chunk(2, [
      ...uint64(id),
      ...uint64(expiresAt),
      ...uint32(text(payload).length),
      ...uint16(7),
      ...uint16(source.length),
      ...uint16(user.length),
      ...uint16(text(topic).length),
      ...uint16(1883),
      qos,
      retain ? 1 : 0,
      ...text(source + user + topic + payload),
      ...properties,
    ]);
  }

  /** A session. */
  client(id: string, interval = 0xffff_ffff, expiresAt = 0, user = ""): this {
    const names = this.#version < 6 ? [] : [...uint16(1883), ...uint16(user.length), 0, 0, 0, 0];
    return this.chunk(6, [
      ...uint64(expiresAt),
      ...uint32(interval),
      ...uint16(3),
      ...uint16(id.length),
      ...names,
      ...text(id + user),
    ]);
  }

  /** A message on its way: 1 is out, 0 is in. */
  clientMessage(
    id: string,
    messageId: number,
    packetId: number,
    qos: number,
    state: number,
    direction = 1,
    properties: number[] = [],
  ): this {
    return this.chunk(3, [
      ...uint64(messageId),
      ...uint16(packetId),
      ...uint16(id.length),
      qos,
      state,
      0,
      direction,
      ...text(id),
      ...properties,
    ]);
  }

  subscription(id: string, filter: string, qos: number, options = 0, identifier = 0): this {
    return this.chunk(5, [
      ...uint32(identifier),
      ...uint16(id.length),
      ...uint16(text(filter).length),
      qos,
      options,
      0,
      0,
      ...text(id + filter),
    ]);
  }

  retained(messageId: number): this {
    return this.chunk(4, uint64(messageId));
  }

  /** The file. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#parts.flatMap((part) => [...part]));
  }
}

function text(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}

function uint16(value: number): number[] {
  return [value >> 8, value & 0xff];
}

function uint32(value: number): number[] {
  return [...uint16(value >>> 16), ...uint16(value & 0xffff)];
}

function uint64(value: number): number[] {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return [...bytes];
}
