import { strict as assert } from "node:assert";
import { ServedWebSocket } from "../../lib/net/served_web_socket.ts";

/** A WebSocket whose peer is the test. */
class FakeSocket extends EventTarget {
  binaryType = "";
  readyState: number = WebSocket.OPEN;
  readonly bufferedAmount = 0;

  close(): void {
    this.readyState = WebSocket.CLOSED;
  }

  receive(bytes: number): void {
    this.dispatchEvent(new MessageEvent("message", { data: new ArrayBuffer(bytes) }));
  }
}

const floods: [what: string, frameBytes: number, most: number][] = [
  ["large frames", 1024 * 1024, 8],
  ["frames of one byte", 1, 40_000],
];
for (const [what, frameBytes, most] of floods) {
  Deno.test(`A WebSocket of which nobody reads ${what} is closed before they fill the memory`, () => {
    const socket = new FakeSocket();
    new ServedWebSocket(socket as unknown as WebSocket);
    let count = 0;
    while (socket.readyState === WebSocket.OPEN && count < 1_000_000) {
      socket.receive(frameBytes);
      count++;
    }
    assert.ok(count <= most + 1, `${count} frames`);
  });
}

Deno.test("What was read of a WebSocket does not count any more, and empty frames are nothing", async () => {
  const socket = new FakeSocket();
  const stream = new ServedWebSocket(socket as unknown as WebSocket);
  const buffer = new Uint8Array(100);
  for (let i = 0; i < 50_000; i++) {
    socket.receive(0);
    socket.receive(1);
    assert.equal(await stream.read(buffer), 1);
  }
  assert.equal(socket.readyState, WebSocket.OPEN);
});
