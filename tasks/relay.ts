// deno-lint-ignore-file no-console -- a command line tool
/**
 * A minimal relay on `Deno.listen`, as a reference for the broker's speed where Deno's own read and write calls dominate the cost. Run
 * `deno task relay PORT`, then measure it like a broker.
 *
 * It accepts every CONNECT, supports only exact Topic Filters and QoS 0, keeps no session state, checks nothing, and does not wait for
 * writes: it is not a broker, and would lose bytes of a client that reads slowly.
 *
 * @module
 */

/** The size of a read buffer, bytes. */
const READ_BYTES = 65_536;
const CONNACK = new Uint8Array([0x20, 2, 0, 0]);
const PINGRESP = new Uint8Array([0xd0, 0]);

const subscribers = new Map<string, Deno.Conn[]>();
const text = new TextDecoder();

/** Answers one packet: `at` is the offset of its first byte, and [start, end) is its body. */
function handle(conn: Deno.Conn, bytes: Uint8Array, at: number, start: number, end: number): void {
  const word = (i: number) => bytes[i]! << 8 | bytes[i + 1]!;
  switch (bytes[at]! >> 4) {
    case 1:
      return void conn.write(CONNACK);
    case 3: {
      const topicName = text.decode(bytes.subarray(start + 2, start + 2 + word(start)));
      const packet = bytes.slice(at, end);
      for (const subscriber of subscribers.get(topicName) ?? []) void subscriber.write(packet);
      return;
    }
    case 8: {
      const topicFilter = text.decode(bytes.subarray(start + 4, start + 4 + word(start + 2)));
      subscribers.set(topicFilter, [...subscribers.get(topicFilter) ?? [], conn]);
      return void conn.write(new Uint8Array([0x90, 3, bytes[start]!, bytes[start + 1]!, 0]));
    }
    case 12:
      return void conn.write(PINGRESP);
  }
}

/** Handles the complete packets; returns the offset of the first incomplete one. */
function handleAll(conn: Deno.Conn, bytes: Uint8Array, end: number): number {
  for (let at = 0;;) {
    let length = 0;
    let i = at + 1;
    for (let shift = 0; i < end; shift += 7) {
      length |= (bytes[i]! & 127) << shift;
      if (bytes[i++]! < 128) break;
    }
    if (i > end || i === at + 1 || bytes[i - 1]! >= 128 || i + length > end) return at;
    handle(conn, bytes, at, i, i + length);
    at = i + length;
  }
}

function serve(conn: Deno.TcpConn): void {
  conn.setNoDelay(true);
  const buffer = new Uint8Array(READ_BYTES);
  let end = 0;
  const onRead = (count: number | null): void => {
    if (count === null) return conn.close();
    end += count;
    const at = handleAll(conn, buffer, end);
    buffer.copyWithin(0, at, end);
    end -= at;
    conn.read(buffer.subarray(end)).then(onRead, () => {});
  };
  conn.read(buffer).then(onRead, () => {});
}

if (import.meta.main) {
  const port = Number(Deno.args[0]);
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  console.log(`The relay listens on port ${port}`);
  for await (const conn of listener) serve(conn);
}
