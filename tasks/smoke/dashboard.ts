// deno-lint-ignore-file no-console -- part of a command line tool
import { ensure, freePort, runTo } from "./run.ts";
import { untilAccepting } from "./start.ts";

/** How long the page may take to be there after the ports of MQTT are open, milliseconds. */
const PAGE_LIMIT_MS = 5000;
/** What each must answer with, a piece of it. */
const ANSWERS: readonly (readonly [path: string, piece: RegExp])[] = [
  ["/", /<title>/],
  ["/main.js", /overviewView/],
  ["/style.css", /color-scheme/],
  ["/guide/", /The guide/],
  ["/metrics", /^fluxmqtt_build_info\{/m],
  ["/health/ready", /"ready"/],
  ["/api/v1/overview", /"hasStore":true/],
  ["/api/v1/openapi.json", /"openapi":"3\.1/],
];

/** The dashboard of the executable: its page, API, metrics and backup, and `top` and `trace` that ask it. */
export async function tryDashboard(executable: string, folder: string): Promise<void> {
  const [mqtt, http] = [freePort(), freePort()];
  const config = `${folder}/page.conf`;
  await Deno.writeTextFile(
    config,
    `listener ${mqtt} 127.0.0.1\nlistener ${http} 127.0.0.1\nprotocol http_api\n`,
  );
  const broker = new Deno.Command(executable, {
    args: ["-c", config],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await untilAccepting(mqtt);
    const url = `http://127.0.0.1:${http}`;
    await untilReady(url);
    for (const [path, piece] of ANSWERS) {
      const text = await (await fetch(url + path)).text();
      ensure(piece.test(text), `${path} answers: ${text.slice(0, 200)}`);
    }
    const headers = { "x-flux-mqtt": "1" };
    const backup = await fetch(`${url}/api/v1/backup`, { method: "POST", headers });
    const bytes = new Uint8Array(await backup.arrayBuffer());
    const head = new TextDecoder().decode(bytes.subarray(0, 15));
    ensure(head === "SQLite format 3", `The backup begins with ${head}`);
    const top = await runTo(0, executable, ["top", "--once", "--url", url]);
    ensure(top.startsWith("flux-mqtt "), `top says: ${top}`);
    await runTo(0, executable, ["trace", "--topic", "#", "--for", "1s", "--url", url]);
    console.log("ok     the dashboard: page, guide, metrics, API, a backup, top and trace");
  } finally {
    broker.kill("SIGTERM");
    await broker.status;
  }
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + PAGE_LIMIT_MS;
  for (;;) {
    try {
      const { ok, body } = await fetch(`${url}/health/ready`);
      await body?.cancel();
      if (ok) return;
    } catch {
      // It is not there yet.
    }
    ensure(performance.now() < deadline, `There is no dashboard at ${url}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
