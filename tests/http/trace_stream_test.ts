import { ok } from "node:assert/strict";
import type { TraceLine } from "../../lib/http/trace/trace.ts";
import { TraceStream } from "../../lib/http/trace/trace_stream.ts";

Deno.test("Lines that nobody reads are left out by their bytes, since a client chooses how long a filter is", async () => {
  let tell!: (line: TraceLine) => void;
  const stream = new TraceStream({
    isEvents: false,
    seconds: 100,
    maxLines: 1000,
    ending: new AbortController().signal,
    traces: new Set(),
    start: (given) => {
      tell = given;
      return () => 0;
    },
  });
  const line = { event: "received", text: "x".repeat(1_000_000) } as unknown as TraceLine;
  for (let i = 0; i < 1000; i++) tell(line);
  let bytes = 0;
  const reader = stream.readable.getReader();
  let next = reader.read();
  for (;;) {
    const { value } = await Promise.race([next, nothingSoon()]);
    if (value === undefined) break;
    bytes += value.length;
    next = reader.read();
  }
  ok(bytes > 1_000_000, `${bytes} bytes wait`);
  ok(bytes < 10_000_000, `${bytes} bytes wait`);
  // It goes on with the lines that come now.
  tell({ event: "received", text: "late" } as unknown as TraceLine);
  ok(new TextDecoder().decode((await next).value).includes("late"));
  await reader.cancel();
});

async function nothingSoon(): Promise<{ readonly value: undefined }> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  return { value: undefined };
}
