import { strict as assert } from "node:assert";
import type { ByteStream } from "../../lib/net/byte_stream.ts";
import { ReadBuffers } from "../../lib/net/mod.ts";
import { TlsStream } from "../../lib/net/tls_stream.ts";
import { type Certificates, certificateTest } from "../support/certificates.ts";
import { collectGarbage } from "../support/garbage.ts";

/** What TLS adds to each of the records of a write. */
const RECORD_EXTRA_BYTES = 40;

/** A stream from which nothing comes, below a handshake that is given up; returns what would show that it is kept. */
function giveUp(files: Certificates, buffers: ReadBuffers): WeakRef<ByteStream> {
  const end = Promise.withResolvers<null>();
  const below: ByteStream = {
    read: () => end.promise,
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => end.resolve(null),
  };
  const stream = new TlsStream(below, {
    options: { cert: files.text("server.crt"), key: files.text("server.key") },
    refusal: () => undefined,
    peer: { remoteAddress: "" },
    buffers,
    onRefused: () => {},
  });
  stream.read(new Uint8Array(100)).catch(() => {}); // Fails when it is closed.
  stream.close();
  return new WeakRef(below);
}

certificateTest("nothing is kept of a handshake that was given up", async (files) => {
  const buffers = new ReadBuffers();
  const streams = Array.from({ length: 20 }, () => giveUp(files, buffers));
  for (let i = 0; i < 20 && streams.some((stream) => stream.deref() !== undefined); i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collectGarbage();
  }
  // One may still lie on the stack.
  const kept = streams.filter((stream) => stream.deref() !== undefined).length;
  assert.ok(kept <= 1, `${kept} of ${streams.length} are kept`);
});

certificateTest(
  "TLS takes one write at a time from us, and 64 KB, when its peer takes nothing",
  async (files) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const connecting = files.connect(listener.addr.port);
    const socket = await listener.accept();
    let isShut = false;
    let offeredBytes = 0;
    const blocked = new Promise<number>(() => {});
    const stream = new TlsStream({
      read: (buffer) => socket.read(buffer),
      write(bytes) {
        if (!isShut) return socket.write(bytes);
        offeredBytes += bytes.length;
        return blocked;
      },
      closeWrite: () => socket.closeWrite(),
      close: () => socket.close(),
    }, {
      options: { cert: files.text("server.crt"), key: files.text("server.key") },
      refusal: () => undefined,
      peer: { remoteAddress: "" },
      buffers: new ReadBuffers(),
      onRefused: assert.fail,
    });
    const reading = stream.read(new Uint8Array(10));
    using client = await connecting;
    await client.write(new Uint8Array(10));
    assert.equal(await reading, 10);
    const bytes = new Uint8Array(256 * 1024);
    assert.equal(await stream.write(bytes), 64 * 1024);
    isShut = true;
    let writtenBytes = 0;
    const write = async () => {
      for (let i = 0; i < 10; i++) writtenBytes += await stream.write(bytes);
    };
    const writing = write().then(() => "written", () => "failed");
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(writtenBytes, 0);
    assert.ok(offeredBytes > 0 && offeredBytes <= 64 * 1024 + 4 * RECORD_EXTRA_BYTES);
    // It ends, however little of it has left.
    stream.close();
    assert.equal(await writing, "failed");
  },
);
