import { rejects } from "node:assert/strict";
import { Browser, findChromium } from "./browser.ts";
import { testsWith } from "./clients.ts";

const browserTest = testsWith(await findChromium());

browserTest("a browser that dies ends what waits for it", async (executable) => {
  await using browser = await Browser.start(executable);
  Deno.kill(browser.pid, "SIGSTOP");
  const waiting = rejects(browser.send("Target.getTargets"), /The browser has ended/);
  Deno.kill(browser.pid, "SIGKILL");
  await waiting;
});
