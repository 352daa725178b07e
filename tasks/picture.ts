// deno-lint-ignore-file no-console -- a command line tool
/**
 * Makes the picture of the dashboard in the README from the real page: it runs a broker with clients that publish and subscribe, and takes
 * the picture in a headless Chromium after some minutes, so that the charts have data.
 *
 *     deno task picture [--minutes 10]
 *
 * Writes `lib/guide/dashboard.png`, at most 150 KB.
 *
 * @module
 */
import { VERSION } from "../lib/version.ts";
import { filter, PageTest } from "../tests/page/support.ts";
import { findChromium } from "../tests/support/browser.ts";
import { readFlags } from "./flags.ts";

const PICTURE = new URL("../lib/guide/dashboard.png", import.meta.url);
const MAX_BYTES = 150_000;
const ROOMS = ["hall", "kitchen", "cellar", "attic", "garage", "garden"];
const TICK_MS = 100;

const flags = readFlags(
  "Makes lib/guide/dashboard.png of the real page.\n\n  --minutes MINUTES  of traffic before; default: 10",
  { minutes: 10 },
);

const found = await findChromium();
if (!("client" in found)) {
  console.log(found.missing);
  Deno.exit(1);
}
await using test = await PageTest.start(found.client, { version: VERSION });

/** Connects a client that receives everything, and leaves the session of a disconnected one with many waiting messages. */
async function people(): Promise<void> {
  const screen = await test.connect("wall-screen", { userName: "home" });
  await screen.subscribe([filter("home/#", 0)]);
  const recorder = await test.connect("recorder", { userName: "home" });
  await recorder.subscribe([filter("home/+/temperature", 1)]);
  const archive = await test.connect("archive", {
    userName: "plant",
    properties: { sessionExpiryInterval: 86_400 },
  });
  await archive.subscribe([filter("home/cellar/#", 1)]);
  await archive.disconnect();
}

await people();
const sensors = await Promise.all(
  ROOMS.map((room) => test.connect(`sensor-${room}`, { userName: "home" })),
);
const encoder = new TextEncoder();

/** Publishes at a varying rate, as in a house, until the process ends. */
async function live(): Promise<never> {
  for (let tick = 0;; tick++) {
    const count = 1 + Math.round(3 + 2.5 * Math.sin(tick / 150));
    for (let i = 0; i < count; i++) {
      const at = (tick + i) % ROOMS.length;
      const payload = encoder.encode((19 + at + Math.sin(tick / 200 + at)).toFixed(1));
      const retain = tick % 10 === 0;
      await sensors[at]!.publish(`home/${ROOMS[at]}/temperature`, payload, { qos: 1, retain });
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}

live();
await new Promise((resolve) => setTimeout(resolve, flags.minutes * 60_000));
const page = await test.open("", "wide");
await page.untilText("Latency p99");
await new Promise((resolve) => setTimeout(resolve, 2500));
await page.screenshot(PICTURE.pathname);
const { size } = await Deno.stat(PICTURE);
console.log(`lib/guide/dashboard.png: ${size} bytes`);
if (size > MAX_BYTES) Deno.exit(1);
Deno.exit(0);
