import assert from "node:assert/strict";
import { Lines } from "../support/lines.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawWebSocket, upgradeRequest } from "../support/raw_web_socket.ts";

const MESSAGES = 50;

/** A client over a WebSocket that has stored this many retained messages. */
async function retain(port: number): Promise<void> {
  using socket = new RawWebSocket(await Deno.connect({ port }));
  await socket.send(new TextEncoder().encode(upgradeRequest()));
  await socket.readResponse();
  const client = RawClient.over(socket);
  await client.introduce({ clientId: "stores", cleanStart: true });
  for (let i = 0; i < MESSAGES; i++) {
    await client.send({
      type: "publish",
      topicName: `burst/${i}`,
      payload: new TextEncoder().encode(`message ${i}`),
      qos: 1,
      retain: true,
      dup: false,
      packetId: i + 1,
      properties: undefined,
    });
    assert.equal((await client.receive())?.type, "puback");
  }
}

/** One client stores retained messages at one broker, and paho in C reads them at the same or another, over WebSockets. */
export async function readBurst(command: string, here: number, there: number): Promise<void> {
  await retain(here);
  const url = `ws://127.0.0.1:${there}/mqtt`;
  const child = new Deno.Command("stdbuf", {
    args: ["-oL", command, "-c", url, "-t", "burst/#", "-q", "1"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const messages = (all: readonly string[]) => all.filter((line) => line.startsWith("burst/"));
    const lines = new Lines(child.stdout);
    // Where all stand in one frame this takes 11 seconds.
    await lines.until((all) => messages(all).length >= MESSAGES, 6000);
    const expected = Array.from({ length: MESSAGES }, (_, i) => `burst/${i}\tmessage ${i}`);
    assert.deepEqual(messages(lines.all).toSorted(), expected.toSorted());
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}
