import { strict as assert } from "node:assert";
import {
  DEFAULT_LOG_OPTIONS,
  Logger,
  type LogOptions,
  type LogSink,
} from "../../lib/observe/mod.ts";
import { formatJson, formatText, type LogLevel } from "../../lib/observe/log_line.ts";
import { type ByteWriter, FileSink, StreamSink } from "../../lib/observe/log_sink.ts";
import { formatTimestamp } from "../../lib/observe/timestamp.ts";

const TIME = "2026-11-23T06:36:20.123Z";

/** Lines kept in memory. */
class MemorySink implements LogSink {
  readonly linesLost = 0;
  text = "";
  write(lines: Uint8Array): void {
    this.text += new TextDecoder().decode(lines);
  }
  close(): void {}
}

function memoryLogger(options: Partial<LogOptions>): { logger: Logger; sink: MemorySink } {
  const sink = new MemorySink();
  const logger = new Logger(
    { ...DEFAULT_LOG_OPTIONS, ...options },
    () => new Date(TIME),
    () => sink,
  );
  return { logger, sink };
}

const lines: [message: string, fields: Record<string, unknown> | undefined, line: string][] = [
  ["Started", undefined, "Started"],
  ["Started", { port: 1883, isOpen: false }, "Started port=1883 isOpen=false"],
  ["Came", { clientId: "sensor-7" }, "Came clientId=sensor-7"],
  ["Came", { clientId: "" }, 'Came clientId=""'],
  ["Came", { clientId: "a b" }, 'Came clientId="a b"'],
  ["Came", { clientId: 'a"b' }, 'Came clientId="a\\"b"'],
  ["Came", { clientId: "a=b" }, 'Came clientId="a=b"'],
  ["Came", { clientId: "a\\n" }, 'Came clientId="a\\\\n"'],
  ["Came", { clientId: "a\nerror forged" }, 'Came clientId="a\\nerror forged"'],
  ["Came", { clientId: "a\r\tb" }, 'Came clientId="a\\r\\tb"'],
  ["Came", { clientId: "\u001b[2J" }, 'Came clientId="\\u001b[2J"'],
  ["Came", { clientId: "a\u202eb" }, 'Came clientId="a\\u202eb"'],
  ["Came", { clientId: "a\u2028b\u0085c" }, 'Came clientId="a\\u2028b\\u0085c"'],
  ["Came", { clientId: "a\ud800b" }, 'Came clientId="a\\ud800b"'],
  ["Came", { clientId: "Zürich-温度" }, "Came clientId=Zürich-温度"],
  ["Came", { userName: undefined }, "Came"],
  ["Failed", { error: new TypeError("bad\nthing") }, 'Failed error="TypeError: bad\\nthing"'],
  ["Came", { payload: new Uint8Array(5) }, 'Came payload="5 bytes"'],
  ["Came", { versions: [3, 4] }, "Came versions=[3,4]"],
  ["Topic a\nb", undefined, "Topic a\\nb"],
  [
    'Received message from EventBus: topic="test/eventbus", payload={"key":"value"}',
    undefined,
    'Received message from EventBus: topic="test/eventbus", payload={"key":"value"}',
  ],
];
for (const [message, fields, line] of lines) {
  Deno.test(`formatText() writes ${JSON.stringify(line)}`, () => {
    assert.equal(formatText(TIME, "info", message, fields), `${TIME} info  ${line}`);
  });
}

Deno.test("formatText() writes levels side by side, and no time where there is none", () => {
  assert.equal(formatText("", "debug", "a"), "debug a");
  assert.equal(formatText("", "warning", "a"), "warning a");
  assert.equal(formatText("", "error", "a"), "error a");
});

Deno.test("formatJson() writes one line that reads back, whatever is in the values", () => {
  const fields = {
    clientId: 'a"\n\u2028\u202e{',
    count: 3,
    isNew: true,
    gone: undefined,
    error: new Error("no"),
  };
  const line = formatJson(TIME, "error", "It\nfailed", fields);
  assert(!/[\n\u2028\u202e]/.test(line));
  assert.deepEqual(JSON.parse(line), {
    time: TIME,
    level: "error",
    message: "It\nfailed",
    clientId: 'a"\n\u2028\u202e{',
    count: 3,
    isNew: true,
    error: "Error: no",
  });
});

const written: [level: LogOptions["level"], lines: string[]][] = [
  ["debug", ["debug d", "info  i", "warning w", "error e"]],
  ["info", ["info  i", "warning w", "error e"]],
  ["warning", ["warning w", "error e"]],
  ["error", ["error e"]],
  ["none", []],
];
for (const [level, expected] of written) {
  Deno.test(`a log of level ${level} writes ${expected.length} of four lines`, () => {
    const { logger, sink } = memoryLogger({ level, timestamp: false });
    logger.debug("d");
    logger.info("i");
    logger.warning("w");
    logger.error("e");
    assert.equal(sink.text, expected.map((line) => line + "\n").join(""));
    assert.equal(logger.debugOn, level === "debug");
  });
}

Deno.test("a line begins with the time in UTC and ends where it ends", () => {
  const { logger, sink } = memoryLogger({});
  logger.info("Listening", { port: 1883 });
  assert.equal(sink.text, `${TIME} info  Listening port=1883\n`);
});

Deno.test("debugOn is false where nothing is written anywhere", () => {
  const { logger } = memoryLogger({ level: "debug", destinations: [] });
  assert.equal(logger.debugOn, false);
});

Deno.test("configure() changes level and format of a running log", () => {
  const { logger, sink } = memoryLogger({ level: "error" });
  logger.configure({ ...DEFAULT_LOG_OPTIONS, level: "debug", format: "json", timestamp: false });
  assert(logger.debugOn);
  logger.debug("a");
  assert.equal(sink.text, '{"level":"debug","message":"a"}\n');
});

Deno.test("a stream that takes a few bytes at a time gets every byte in order", () => {
  let text = "";
  const writer: ByteWriter = {
    writeSync(bytes) {
      const part = bytes.subarray(0, 3);
      text += new TextDecoder().decode(part);
      return part.length;
    },
  };
  new StreamSink(writer).write(new TextEncoder().encode("abcdefgh\n"), "info");
  assert.equal(text, "abcdefgh\n");
});

Deno.test("a stream that fails loses the line, counts it, and harms nobody", () => {
  const sink = new StreamSink({
    writeSync() {
      throw new Error("Broken pipe");
    },
  });
  sink.write(new Uint8Array(3), "info");
  sink.write(new Uint8Array(3), "info");
  sink.write(new Uint8Array(3), "info");
  sink.close();
  assert.equal(sink.linesLost, 3);
});

/** A sink and the texts of its writes. */
function watchedSink(): { readonly sink: StreamSink; readonly writes: string[] } {
  const writes: string[] = [];
  const sink = new StreamSink({
    writeSync(bytes) {
      writes.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
  });
  return { sink, writes };
}

/** Writes a line for each word, of this level. */
function writeLines(sink: StreamSink, level: LogLevel, words: string): void {
  for (const word of words.split(" ")) sink.write(new TextEncoder().encode(`${word}\n`), level);
}

Deno.test("the first line of a turn is written at once, and the others together at its end", async () => {
  const { sink, writes } = watchedSink();
  writeLines(sink, "info", "a b c");
  assert.deepEqual(writes, ["a\n"]);
  await Promise.resolve();
  assert.deepEqual(writes, ["a\n", "b\nc\n"]);
  writeLines(sink, "info", "d");
  assert.deepEqual(writes, ["a\n", "b\nc\n", "d\n"]);
});

for (const level of ["warning", "error"] as const) {
  Deno.test(`a line of level ${level} is written at once, with those that were logged before it`, () => {
    const { sink, writes } = watchedSink();
    writeLines(sink, "info", "a b c");
    writeLines(sink, level, "d");
    assert.deepEqual(writes, ["a\n", "b\nc\nd\n"]);
  });
}

Deno.test("lines that have gathered are written when the sink is closed, flushed, or has many", async () => {
  const { sink, writes } = watchedSink();
  writeLines(sink, "info", "a b");
  sink.close();
  writeLines(sink, "info", "c");
  await sink.flush();
  assert.deepEqual(writes, ["a\n", "b\n", "c\n"]);
  writeLines(sink, "info", Array<string>(10_000).fill("d").join(" "));
  assert.equal(writes.length, 5);
});

Deno.test({
  name: "a log file is added to, and configure() goes on in a new one after it was moved away",
  sanitizeOps: true,
  sanitizeResources: true,
  fn() {
    const directory = Deno.makeTempDirSync();
    try {
      const path = `${directory}/m.log`;
      Deno.writeTextFileSync(path, "before\n");
      const options: LogOptions = {
        ...DEFAULT_LOG_OPTIONS,
        timestamp: false,
        destinations: [{ type: "file", path }],
      };
      const logger = new Logger(options);
      logger.info("first");
      Deno.renameSync(path, `${path}.1`);
      logger.info("second");
      logger.configure(options);
      logger.info("third");
      logger.close();
      logger.info("fourth");
      assert.equal(Deno.readTextFileSync(`${path}.1`), "before\ninfo  first\ninfo  second\n");
      assert.equal(Deno.readTextFileSync(path), "info  third\n");
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "a log file that cannot be opened is told to whoever opens it, and configure() keeps what it had",
  sanitizeOps: true,
  sanitizeResources: true,
  fn() {
    const path = "/proc/nonexistent/m.log";
    assert.throws(() => new FileSink(path), Deno.errors.NotFound);
    const sink = new MemorySink();
    const logger = new Logger(
      DEFAULT_LOG_OPTIONS,
      () => new Date(TIME),
      (destination) => destination.type === "file" ? new FileSink(destination.path) : sink,
    );
    const destinations = [{ type: "stdout" }, { type: "file", path }] as const;
    assert.throws(() => logger.configure({ ...DEFAULT_LOG_OPTIONS, destinations }));
    logger.info("still here");
    assert.equal(sink.text, `${TIME} info  still here\n`);
  },
});

const local = new Date(2026, 0, 5, 6, 7, 8);
const formats: [format: string, expected: string][] = [
  ["%Y-%m-%dT%H:%M:%S", "2026-01-05T06:07:08"],
  ["%F %T", "2026-01-05 06:07:08"],
  ["%d/%b/%y %R", "05/Jan/26 06:07"],
  ["%a %e %j", "Mon  5 005"],
  ["%D", "01/05/26"],
  ["%s", String(local.getTime() / 1000)],
  ["100%% %Q", "100% %Q"],
];
for (const [format, expected] of formats) {
  Deno.test(`formatTimestamp() of "${format}" is "${expected}"`, () => {
    assert.equal(formatTimestamp(format, local), expected);
  });
}

Deno.test("formatTimestamp() without a format is ISO 8601 in UTC; %z is the local offset", () => {
  assert.equal(formatTimestamp("", new Date(TIME)), TIME);
  assert.match(formatTimestamp("%z", local), /^[+-]\d{4}$/);
});

Deno.test("on a screen a warning is yellow, an error red, and the end of the line stays last", () => {
  let text = "";
  const writer: ByteWriter = {
    writeSync(bytes) {
      text += new TextDecoder().decode(bytes);
      return bytes.length;
    },
  };
  const line = new TextEncoder().encode("a line\n");
  for (const level of ["info", "warning", "error"] as const) {
    new StreamSink(writer, true).write(line, level);
  }
  assert.equal(text, "a line\n\x1b[33ma line\x1b[39m\n\x1b[31ma line\x1b[39m\n");
  text = "";
  new StreamSink(writer).write(line, "error");
  assert.equal(text, "a line\n");
});
