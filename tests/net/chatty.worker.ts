/// <reference lib="deno.worker" />
import { encodePacket } from "../../lib/codec/mod.ts";
import { connectPacket, publishPacket } from "../support/raw_client.ts";

/** Connects to the port it is sent so many times, and publishes as fast as the broker takes it. */
self.onmessage = async ({ data: { port, connections } }: MessageEvent) => {
  const one = encodePacket(publishPacket("chat/room", new Uint8Array(20)), 5);
  const many = new Uint8Array(one.length * 4000);
  for (let at = 0; at < many.length; at += one.length) many.set(one, at);
  const streams = await Promise.all(
    Array.from({ length: connections }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  for (const stream of streams) await stream.write(encodePacket(connectPacket(), 5));
  self.postMessage("ready");
  for (const stream of streams) talk(stream, many);
};

async function talk(stream: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (;;) {
    for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
  }
}
