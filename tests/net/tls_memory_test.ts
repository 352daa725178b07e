import { strict as assert } from "node:assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ByteStream } from "../../lib/net/byte_stream.ts";
import { ReadBuffers } from "../../lib/net/mod.ts";
import { TlsStream } from "../../lib/net/tls_stream.ts";
import { type Certificates, certificateTest } from "../support/certificates.ts";

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
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const buffers = new ReadBuffers();
  const streams = Array.from({ length: 20 }, () => giveUp(files, buffers));
  for (let i = 0; i < 20 && streams.some((stream) => stream.deref() !== undefined); i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
  // One may still lie on the stack.
  const kept = streams.filter((stream) => stream.deref() !== undefined).length;
  assert.ok(kept <= 1, `${kept} of ${streams.length} are kept`);
});
